//! `MessageAPI`: users of a workspace and one inbox for all of them.

use serde::{Deserialize, Serialize};

use super::Default::{self, Required};
use super::{Class, Ctx, Function, generator, no_method, setting};
use crate::py::{self, Py, PyErr, PyResult, Random};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageApi {
    generated_ids: Py,
    user_count: Py,
    user_map: Py,
    /// A list of dicts with one item each: receiver and message.
    inbox: Py,
    message_count: Py,
    current_user: Py,
    random: Random,
}

const USER: &[(&str, Default)] = &[("user", Required)];

impl Class for MessageApi {
    const NAME: &'static str = "MessageAPI";
    const FUNCTIONS: &'static [Function] = &[
        Function { name: "add_contact", params: &[("user_name", Required)] },
        Function { name: "delete_message", params: &[("receiver_id", Required)] },
        Function { name: "get_message_stats", params: &[] },
        Function { name: "get_user_id", params: USER },
        Function { name: "list_users", params: &[] },
        Function { name: "message_get_login_status", params: &[] },
        Function { name: "message_login", params: &[("user_id", Required)] },
        Function { name: "search_messages", params: &[("keyword", Required)] },
        Function { name: "send_message", params: &[("receiver_id", Required), ("message", Required)] },
        Function { name: "view_messages_sent", params: &[] },
    ];

    attributes! {
        "generated_ids" = generated_ids,
        "user_count" = user_count,
        "user_map" = user_map,
        "inbox" = inbox,
        "message_count" = message_count,
        "current_user" = current_user,
    }

    fn load(config: &mut Py, _: Ctx<'_>) -> Result<Self, PyErr> {
        let users = [("Alice", "USR001"), ("Bob", "USR002"), ("Catherine", "USR003"), ("Daniel", "USR004")];
        let upload = "Could you upload the file?";
        let inbox = [("USR002", "My name is Alice. I want to connect."), ("USR003", upload), ("USR004", upload)];
        Ok(Self {
            generated_ids: setting(config, "generated_ids", Py::Set(Vec::new())),
            user_count: setting(config, "user_count", 4),
            user_map: setting(config, "user_map", Py::dict(users)),
            inbox: setting(config, "inbox", inbox.map(|message| Py::dict([message])).to_vec()),
            message_count: setting(config, "message_count", 3),
            current_user: setting(config, "current_user", Py::None),
            random: generator(config, 200_191),
        })
    }

    fn call(&mut self, function: &str, args: &[Py], _: Ctx<'_>) -> PyResult {
        match (function, args) {
            ("add_contact", [name]) => self.add_contact(name),
            ("get_user_id", [user]) => Ok(match self.user_map.find(user)? {
                Some(id) => Py::dict([("user_id", id.clone())]),
                None => Py::error(format!("User '{}' not found in the workspace.", py::str(user))),
            }),
            ("list_users", []) => Ok(Py::dict([("user_list", self.user_map.iterate()?)])),
            ("message_get_login_status", []) => Ok(Py::dict([("login_status", self.current_user.truth())])),
            ("message_login", [user]) => Ok(self.login(user)),
            _ if !self.current_user.truth() => Ok(Py::error("No user is currently logged in.")),
            ("delete_message", [receiver]) => self.delete_message(receiver),
            ("get_message_stats", []) => self.stats(),
            ("search_messages", [keyword]) => self.search(keyword),
            ("send_message", [receiver, message]) => self.send(receiver, message),
            ("view_messages_sent", []) => self.sent(),
            _ => Err(no_method(Self::NAME, function)),
        }
    }
}

/// Receiver and text of a message.
fn parts(message: &Py) -> Result<&(Py, Py), PyErr> {
    let items = message.pairs().ok_or_else(|| PyErr::attribute(message, "items"))?;
    items.first().ok_or_else(|| PyErr::new("list index out of range"))
}

impl MessageApi {
    fn is_user(&self, id: &Py) -> bool {
        self.user_map.pairs().is_some_and(|users| users.iter().any(|(_, have)| have == id))
    }

    fn messages(&self) -> &[Py] {
        self.inbox.items().unwrap_or_default()
    }

    fn login(&mut self, user: &Py) -> Py {
        let known = self.is_user(user);
        if known {
            self.current_user = user.clone();
        }
        let id = py::str(user);
        let message =
            if known { format!("User '{id}' logged in successfully.") } else { format!("User ID '{id}' not found.") };
        Py::dict([("login_status", Py::Bool(known)), ("message", message.into())])
    }

    fn add_contact(&mut self, name: &Py) -> PyResult {
        if self.user_map.find(name)?.is_some() {
            return Ok(Py::error(format!("User name '{}' already exists.", py::str(name))));
        }
        // The count goes up even where the identifier turns out to be taken.
        py::in_place(&mut self.user_count, "+", &Py::Int(1))?;
        let id = format!("USR{}", zero_filled(&py::str(&self.user_count)));
        if self.is_user(&Py::from(id.clone())) {
            return Ok(Py::error(format!("User ID '{id}' already exists.")));
        }
        self.user_map.set(name.clone(), id.clone());
        let message = format!("Contact '{}' added successfully.", py::str(name));
        Ok(Py::dict([("added_status", Py::Bool(true)), ("user_id", id.into()), ("message", message.into())]))
    }

    fn send(&mut self, receiver: &Py, message: &Py) -> PyResult {
        let to = py::str(receiver);
        if !self.is_user(receiver) {
            return Ok(Py::error(format!("Receiver ID '{to}' not found.")));
        }
        let id = self.new_id()?;
        let sent = Py::Dict(vec![(receiver.clone(), message.clone())]);
        self.inbox.as_list_mut().ok_or_else(|| PyErr::new("no list of messages"))?.push(sent);
        py::in_place(&mut self.message_count, "+", &Py::Int(1))?;
        Ok(Py::dict([
            ("sent_status", Py::Bool(true)),
            ("message_id", Py::dict([("new_id", id)])),
            ("message", format!("Message sent to '{to}' successfully.").into()),
        ]))
    }

    fn new_id(&mut self) -> PyResult {
        loop {
            let id = Py::Int(self.random.randint(10_000, 99_999));
            if self.generated_ids.contains(&id) {
                continue;
            }
            match &mut self.generated_ids {
                Py::Set(ids) => ids.push(id.clone()),
                other => return Err(PyErr::attribute(other, "add")),
            }
            return Ok(id);
        }
    }

    fn delete_message(&mut self, receiver: &Py) -> PyResult {
        let to = py::str(receiver);
        for (at, message) in self.messages().iter().enumerate().rev() {
            let (found, _) = parts(message)?;
            if found == receiver {
                let result = Py::dict([
                    ("deleted_status", Py::Bool(true)),
                    ("receiver_id", found.clone()),
                    ("message", format!("Receiver {to}'s latest message deleted successfully.").into()),
                ]);
                // The latest one is found, but the first one equal to it goes.
                let first = self.messages().iter().position(|other| other == message).unwrap_or(at);
                if let Some(inbox) = self.inbox.as_list_mut() {
                    inbox.remove(first);
                }
                return Ok(result);
            }
        }
        Ok(Py::error(format!("Receiver ID {to} not found.")))
    }

    fn sent(&self) -> PyResult {
        let mut by_receiver: Vec<(Py, Py)> = Vec::new();
        for message in self.messages() {
            let (receiver, text) = parts(message)?;
            match by_receiver.iter_mut().find(|(have, _)| have == receiver) {
                Some((_, Py::List(texts))) => texts.push(text.clone()),
                _ => by_receiver.push((receiver.clone(), Py::List(vec![text.clone()]))),
            }
        }
        Ok(Py::dict([("messages", Py::Dict(by_receiver))]))
    }

    fn search(&self, keyword: &Py) -> PyResult {
        let keyword = keyword.text("lower")?.to_lowercase();
        let mut results = Vec::new();
        for message in self.messages() {
            let (receiver, text) = parts(message)?;
            if text.text("lower")?.to_lowercase().contains(&keyword) {
                results.push(Py::dict([("receiver_id", receiver.clone()), ("message", text.clone())]));
            }
        }
        Ok(Py::dict([("results", results)]))
    }

    fn stats(&self) -> PyResult {
        let mut contacts: Vec<&Py> = Vec::new();
        for message in self.messages() {
            let (receiver, _) = parts(message)?;
            if !contacts.contains(&receiver) {
                contacts.push(receiver);
            }
        }
        let stats = [("received_count", self.messages().len() as i64), ("total_contacts", contacts.len() as i64)];
        Ok(Py::dict([("stats", Py::dict(stats))]))
    }
}

/// `text.zfill(3)`: zeros come after a sign.
fn zero_filled(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(digits) => format!("-{digits:0>2}"),
        None => format!("{text:0>3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CTX: Ctx<'_> = Ctx { long: &[], today: (2026, 1, 1) };

    fn run(config: &str, calls: &[(&str, &[&str], &str)]) -> MessageApi {
        let mut api = MessageApi::load(&mut py::parse_literal(config).unwrap(), CTX).unwrap();
        for (function, args, want) in calls {
            let args: Vec<Py> = args.iter().map(|arg| py::parse_literal(arg).unwrap()).collect();
            let got = api.call(function, &args, CTX).map(|value| py::dumps(&value).unwrap());
            assert_eq!(got.unwrap_or_else(|error| error.0), *want, "{function}({args:?})");
        }
        api
    }

    #[test]
    fn sending_draws_from_the_twister() {
        let api = run(
            "{'current_user': 'USR001'}",
            &[
                (
                    "send_message",
                    &["'USR002'", "'hi'"],
                    r#"{"sent_status": true, "message_id": {"new_id": 67410}, "message": "Message sent to 'USR002' successfully."}"#,
                ),
                ("send_message", &["'USR009'", "'hi'"], r#"{"error": "Receiver ID 'USR009' not found."}"#),
                ("search_messages", &["'HI'"], r#"{"results": [{"receiver_id": "USR002", "message": "hi"}]}"#),
                ("search_messages", &["3"], "'int' object has no attribute 'lower'"),
            ],
        );
        assert_eq!(py::repr(&api.generated_ids), "{67410}");
        assert_eq!(api.message_count, Py::Int(4));
    }

    #[test]
    fn deleting_takes_the_first_of_equal_messages() {
        let api = run(
            "{'current_user': 'u', 'inbox': [{'a': 'x'}, {'b': 'y'}, {'a': 'x'}]}",
            &[(
                "delete_message",
                &["'a'"],
                r#"{"deleted_status": true, "receiver_id": "a", "message": "Receiver a's latest message deleted successfully."}"#,
            )],
        );
        assert_eq!(py::repr(&api.inbox), "[{'b': 'y'}, {'a': 'x'}]");
    }

    #[test]
    fn a_taken_identifier_still_counts() {
        let api = run(
            "{'user_count': 1, 'user_map': {'Ann': 'USR002'}}",
            &[
                ("add_contact", &["'Bo'"], r#"{"error": "User ID 'USR002' already exists."}"#),
                (
                    "add_contact",
                    &["'Bo'"],
                    r#"{"added_status": true, "user_id": "USR003", "message": "Contact 'Bo' added successfully."}"#,
                ),
                ("add_contact", &["[]"], "unhashable type: 'list'"),
                ("view_messages_sent", &[], r#"{"error": "No user is currently logged in."}"#),
            ],
        );
        assert_eq!(api.user_count, Py::Int(3));
    }
}
