//! The instances of one task and the official way of calling them.

use serde::{Deserialize, Serialize};

use crate::classes::{self, Class, Constant, Ctx, Function, Keywords};
use crate::py::{self, Call, Py, PyErr, PyResult};

/// The state of an episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct World {
    /// Year, month, day: of the import, so that an episode does not depend on when it is played.
    today: (i64, i64, i64),
    long: Vec<Constant>,
    instances: Vec<Instance>,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    Value(Py),
    /// An exception, by its message.
    Raised(String),
}

impl Reply {
    /// The official text of the result: a text as it is, a dict as JSON where JSON can hold it, anything else by `str`.
    pub fn text(&self) -> String {
        match self {
            Self::Value(dict @ Py::Dict(_)) => py::dumps(dict).unwrap_or_else(|| py::str(dict)),
            Self::Value(value) => py::str(value),
            Self::Raised(message) => format!("Error during execution: {message}"),
        }
    }
}

/// One list of the classes; everything that must know them all is made from it.
macro_rules! instances {
    ($($class:ident = $path:path),* $(,)?) => {
        /// An instance of one of the classes.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[expect(clippy::large_enum_variant, reason = "an episode has two or three of them, in one place")]
        enum Instance { $($class($path)),* }

        /// Official names and functions of all classes.
        pub const CLASSES: &[(&str, &[Function])] = &[$((<$path as Class>::NAME, <$path as Class>::FUNCTIONS)),*];

        impl Instance {
            fn load(class: &str, config: &mut Py, ctx: Ctx<'_>) -> Result<Option<Self>, PyErr> {
                match class {
                    $(<$path as Class>::NAME => <$path as Class>::load(config, ctx).map(Self::$class).map(Some),)*
                    _ => Ok(None),
                }
            }

            fn call(&mut self, function: &str, args: &[Py], ctx: Ctx<'_>) -> PyResult {
                match self { $(Self::$class(instance) => instance.call(function, args, ctx)),* }
            }

            fn name(&self) -> &'static str {
                match self { $(Self::$class(_) => <$path as Class>::NAME),* }
            }

            fn functions(&self) -> &'static [Function] {
                match self { $(Self::$class(_) => <$path as Class>::FUNCTIONS),* }
            }

            fn public(&self) -> Vec<(&'static str, Py)> {
                match self { $(Self::$class(instance) => instance.public()),* }
            }

            fn same(&self, other: &Self) -> bool {
                match (self, other) {
                    $((Self::$class(one), Self::$class(other)) => one.same(other),)*
                    #[allow(unreachable_patterns)]
                    _ => false,
                }
            }
        }
    };
}

instances! {
    Files = classes::files::GorillaFileSystem,
    Math = classes::math::MathApi,
    Messages = classes::message::MessageApi,
    Posts = classes::posting::TwitterApi,
    Tickets = classes::ticket::TicketApi,
    Trading = classes::trading::TradingBot,
    Travel = classes::travel::TravelApi,
    Vehicle = classes::vehicle::VehicleControlApi,
}

/// Functions that the official executor refuses by name, whoever has them.
const REFUSED: &[&str] = &["kill", "exit", "quit", "remove", "unlink", "popen", "Popen", "run"];

impl World {
    /// The instances of a task's classes in their initial state.
    ///
    /// # Errors
    /// An unknown class, or a scenario that its class cannot load.
    pub fn load(
        classes: &[String],
        mut config: Py,
        long: Vec<Constant>,
        today: (i64, i64, i64),
    ) -> Result<Self, String> {
        let mut world = Self { today, long, instances: Vec::with_capacity(classes.len()) };
        let mut empty = Py::Dict(Vec::new());
        for class in classes {
            let part = config.get_mut(class).unwrap_or(&mut empty);
            let loaded = Instance::load(class, part, world.ctx()).map_err(|error| format!("{class}: {}", error.0))?;
            world.instances.push(loaded.ok_or_else(|| format!("no class {class}"))?);
        }
        Ok(world)
    }

    fn ctx(&self) -> Ctx<'_> {
        Ctx { long: &self.long, today: self.today }
    }

    /// Names of the classes.
    pub fn classes(&self) -> impl Iterator<Item = &'static str> {
        self.instances.iter().map(Instance::name)
    }

    /// Runs a call. Of two classes that have the function, the later one answers.
    pub fn call(&mut self, call: &Call) -> Reply {
        let keyword = call.keyword.iter().map(|(name, value)| (name.into(), value.clone()));
        self.run(&call.function, &call.positional, keyword.collect())
    }

    /// As [`World::call`], from parts.
    pub fn run(&mut self, function: &str, positional: &[Py], keyword: Keywords<'_>) -> Reply {
        match self.try_run(function, positional, keyword) {
            Ok(value) => Reply::Value(value),
            Err(error) => Reply::Raised(error.0),
        }
    }

    fn try_run(&mut self, function: &str, positional: &[Py], keyword: Keywords<'_>) -> PyResult {
        if REFUSED.contains(&function) {
            return Err(PyErr(format!("Function call {function} is not allowed.")));
        }
        let ctx = Ctx { long: &self.long, today: self.today };
        for instance in self.instances.iter_mut().rev() {
            let functions = instance.functions();
            if let Some(signature) = functions.iter().find(|known| known.name == function) {
                let args = classes::bind(instance.name(), signature, positional, keyword)?;
                return instance.call(function, &args, ctx);
            }
        }
        Err(PyErr(format!("name '{function}' is not defined")))
    }

    /// Public attributes of every instance.
    pub fn public(&self) -> Vec<(&'static str, Vec<(&'static str, Py)>)> {
        self.instances.iter().map(|instance| (instance.name(), instance.public())).collect()
    }

    /// The first class whose instances differ officially.
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        let pairs = self.instances.iter().zip(&other.instances);
        pairs.into_iter().find(|(one, other)| !one.same(other)).map(|(one, _)| one.name())
    }
}
