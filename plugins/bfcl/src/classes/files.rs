//! `GorillaFileSystem`: a shell-like file system with one current directory.
//!
//! The official classes keep a tree of objects, and some of their operations let one object be reached twice: a moved
//! directory is a new object that shares its predecessor's table of contents, a copied one has a table of its own with the
//! same files and directories in it, and children go on naming the old directory as their parent. `cd ..`, `pwd` and later
//! writes show all of this, so nodes and tables live in arenas here and are named by number.
//!
//! After each change the arenas are numbered anew in the order of a walk from the root and what is not reachable is
//! dropped: equal file systems are then equal as data, too.

use std::mem::take;

use serde::{Deserialize, Serialize};

use super::{Class, Ctx, Default, Function};
use crate::py::{self, Py, PyErr, PyResult, compare, string};

type Id = u32;

/// A name's place in a directory, in order of insertion.
type Table = Vec<(String, Id)>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Node {
    File(Content),
    Dir { name: String, parent: Option<Id>, table: Id },
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Content {
    text: String,
    /// Whether the constant that pads files of long-context tasks follows the text.
    padded: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GorillaFileSystem {
    nodes: Vec<Node>,
    tables: Vec<Table>,
    root: Id,
    current: Id,
    long_context: bool,
}

const PADDING: &str = "FILE_CONTENT_EXTENSION";

/// Deeper trees are circular ones, where Python gives up as well.
const DEEPEST: u32 = 400;

fn too_deep() -> PyErr {
    PyErr::new("maximum recursion depth exceeded")
}

impl Content {
    /// What was written by hand may end in the padding, too: one content has one form.
    fn written(text: String, ctx: Ctx<'_>) -> Self {
        let padding = ctx.long(PADDING).and_then(Py::as_str).filter(|padding| !padding.is_empty());
        match padding.and_then(|padding| text.strip_suffix(padding)) {
            Some(own) => Self { text: own.to_owned(), padded: true },
            None => Self { text, padded: false },
        }
    }

    fn whole(&self, ctx: Ctx<'_>) -> String {
        let padding = if self.padded { ctx.long(PADDING).and_then(Py::as_str).unwrap_or_default() } else { "" };
        format!("{}{padding}", self.text)
    }
}

impl GorillaFileSystem {
    fn table(&self, dir: Id) -> &Table {
        static EMPTY: Table = Table::new();
        match &self.nodes[dir as usize] {
            Node::Dir { table, .. } => &self.tables[*table as usize],
            Node::File(_) => &EMPTY,
        }
    }

    fn table_mut(&mut self, dir: Id) -> Option<&mut Table> {
        match &self.nodes[dir as usize] {
            Node::Dir { table, .. } => self.tables.get_mut(*table as usize),
            Node::File(_) => None,
        }
    }

    fn is_dir(&self, id: Id) -> bool {
        matches!(self.nodes[id as usize], Node::Dir { .. })
    }

    fn dir_name(&self, id: Id) -> &str {
        match &self.nodes[id as usize] {
            Node::Dir { name, .. } => name,
            Node::File(_) => "",
        }
    }

    fn parent(&self, id: Id) -> Option<Id> {
        match &self.nodes[id as usize] {
            Node::Dir { parent, .. } => *parent,
            Node::File(_) => None,
        }
    }

    fn push(&mut self, node: Node) -> Id {
        self.nodes.push(node);
        self.nodes.len() as Id - 1
    }

    fn new_dir(&mut self, name: &str, parent: Option<Id>, table: Table) -> Id {
        self.tables.push(table);
        let table = self.tables.len() as Id - 1;
        self.push(Node::Dir { name: name.to_owned(), parent, table })
    }

    fn find(&self, dir: Id, name: &str) -> Option<Id> {
        self.table(dir).iter().find(|(have, _)| have == name).map(|(_, id)| *id)
    }

    /// `name in contents` of the current directory, and the item that the official look-up then gives: the directory
    /// itself for `.`.
    fn here(&self, name: &Py) -> Result<Option<Id>, PyErr> {
        match name {
            Py::Str(name) => {
                let found = self.find(self.current, name);
                Ok(if name == "." { found.map(|_| self.current) } else { found })
            }
            Py::List(_) | Py::Dict(_) | Py::Set(_) => Err(PyErr(format!("unhashable type: '{}'", name.type_name()))),
            _ => Ok(None),
        }
    }

    /// A file of the current directory.
    fn file(&self, name: &Py) -> Result<Option<&Content>, PyErr> {
        Ok(self.here(name)?.and_then(|id| match &self.nodes[id as usize] {
            Node::File(content) => Some(content),
            Node::Dir { .. } => None,
        }))
    }

    /// Adds an entry, which must not be there yet.
    fn add(&mut self, dir: Id, name: &str, what: &str, id: Id) -> Result<(), PyErr> {
        if self.find(dir, name).is_some() {
            let holder = self.dir_name(dir);
            return Err(PyErr(format!("{what} '{name}' already exists in directory '{holder}'.")));
        }
        if let Some(table) = self.table_mut(dir) {
            table.push((name.to_owned(), id));
        }
        Ok(())
    }

    fn add_file(&mut self, dir: Id, name: &str, content: Content) -> Result<(), PyErr> {
        let id = self.push(Node::File(content));
        self.add(dir, name, "File", id)
    }

    fn remove(&mut self, dir: Id, name: &str) {
        if let Some(table) = self.table_mut(dir) {
            table.retain(|(have, _)| have != name);
        }
    }

    /// Numbers everything anew by a walk from the root and then from the current directory; drops the rest.
    fn tidy(&mut self) {
        const UNSEEN: Id = Id::MAX;
        let mut node_at = vec![UNSEEN; self.nodes.len()];
        let mut table_at = vec![UNSEEN; self.tables.len()];
        let (mut nodes, mut tables) = (Vec::with_capacity(node_at.len()), Vec::with_capacity(table_at.len()));
        let mut waiting = vec![self.current, self.root];
        while let Some(id) = waiting.pop() {
            if node_at[id as usize] != UNSEEN {
                continue;
            }
            node_at[id as usize] = nodes.len() as Id;
            let node = std::mem::replace(&mut self.nodes[id as usize], Node::File(Content::default()));
            if let Node::Dir { parent, table, .. } = &node {
                waiting.extend(*parent);
                if table_at[*table as usize] == UNSEEN {
                    table_at[*table as usize] = tables.len() as Id;
                    let entries = take(&mut self.tables[*table as usize]);
                    waiting.extend(entries.iter().rev().map(|(_, id)| *id));
                    tables.push(entries);
                }
            }
            nodes.push(node);
        }
        for node in &mut nodes {
            if let Node::Dir { parent, table, .. } = node {
                *parent = parent.map(|id| node_at[id as usize]);
                *table = table_at[*table as usize];
            }
        }
        for (_, id) in tables.iter_mut().flatten() {
            *id = node_at[*id as usize];
        }
        self.root = node_at[self.root as usize];
        self.current = node_at[self.current as usize];
        (self.nodes, self.tables) = (nodes, tables);
    }

    /// The official `_load_directory`.
    fn fill(&mut self, dir: Id, contents: &Py, ctx: Ctx<'_>, depth: u32) -> Result<(), PyErr> {
        if depth > DEEPEST {
            return Err(too_deep());
        }
        let pairs = contents.pairs().ok_or_else(|| PyErr::attribute(contents, "items"))?;
        let mut innermost = true;
        for (name, item) in pairs {
            let name = name.as_str().ok_or_else(|| PyErr::attribute(name, "lower"))?;
            let part = |key: &str| item.at(&Py::from(key.to_owned()));
            let id = match part("type")?.as_str() {
                Some("directory") => {
                    innermost = false;
                    let id = self.new_dir(name, Some(dir), Table::new());
                    self.fill(id, part("contents")?, ctx, depth + 1)?;
                    id
                }
                Some("file") => {
                    let plain =
                        ctx.long("FILES_TAIL_USED").is_some_and(|names| names.contains(&Py::from(name.to_owned())));
                    let content = part("content")?;
                    let text = content.as_str().ok_or_else(|| PyErr::attribute(content, "encode"))?.to_owned();
                    self.push(Node::File(Content { text, padded: self.long_context && !plain }))
                }
                _ => continue,
            };
            if let Some(table) = self.table_mut(dir) {
                match table.iter_mut().find(|(have, _)| have == name) {
                    Some((_, old)) => *old = id,
                    None => table.push((name.to_owned(), id)),
                }
            }
        }
        if innermost && self.long_context {
            for name in ctx.long("POPULATE_FILE_EXTENSION").and_then(Py::items).unwrap_or_default() {
                self.add_file(dir, name.as_str().unwrap_or_default(), Content::default())?;
            }
        }
        Ok(())
    }

    /// The official `_navigate_to_directory`, its error under the name of `tool`.
    fn navigate(&self, path: &str, tool: &str) -> Result<Id, Py> {
        match path {
            "." => return Ok(self.current),
            "/" => return Ok(self.root),
            _ => {}
        }
        let from = if path.starts_with('/') { self.root } else { self.current };
        path.trim_matches('/').split('/').try_fold(from, |dir, name| match name {
            "." => Ok(dir),
            _ => self
                .find(dir, name)
                .filter(|id| self.is_dir(*id))
                .ok_or_else(|| Py::error(format!("{tool}: '{path}': No such file or directory"))),
        })
    }

    fn pwd(&self) -> Py {
        let mut names = Vec::new();
        let mut at = Some(self.current);
        while let Some(dir) = at.filter(|_| names.len() <= self.nodes.len()) {
            names.push(self.dir_name(dir));
            at = self.parent(dir);
        }
        names.reverse();
        Py::dict([("current_working_directory", format!("/{}", names.join("/")))])
    }

    fn ls(&self, all: &Py) -> Py {
        let names = self.table(self.current).iter().map(|(name, _)| name.clone());
        let names = Py::texts(names.filter(|name| all.truth() || !name.starts_with('.')));
        Py::dict([("current_directory_content", names)])
    }

    fn cd(&mut self, folder: &Py) -> PyResult {
        let folder = match folder.text("rstrip")?.trim_end_matches('/') {
            "" => "/",
            folder => folder,
        };
        if folder.contains('/') && folder != "/" {
            return Ok(Py::error(format!(
                "cd: {folder}: Unsupported path. Only one folder level at a time is supported."
            )));
        }
        if folder == ".." {
            return Ok(match self.parent(self.current) {
                Some(parent) => {
                    self.current = parent;
                    self.tidy();
                    Py::Dict(Vec::new())
                }
                None => Py::error("Current directory is already the root. Cannot go back."),
            });
        }
        Ok(match self.navigate(folder, "cd") {
            Ok(dir) => {
                self.current = dir;
                let name = self.dir_name(dir).to_owned();
                self.tidy();
                Py::dict([("current_working_directory", name)])
            }
            Err(error) => error,
        })
    }

    /// `mkdir` and `touch`.
    fn make(&mut self, tool: &str, refused: &str, name: &Py) -> PyResult {
        if is_bad_name(name)? {
            return Ok(Py::error(format!("{tool}: {refused} '{}': Invalid character", py::str(name))));
        }
        if self.here(name)?.is_some() {
            return Ok(Py::error(format!("{tool}: {refused} '{}': File exists", py::str(name))));
        }
        let name = name.text("lower")?;
        if tool == "mkdir" {
            let id = self.new_dir(name, Some(self.current), Table::new());
            self.add(self.current, name, "Directory", id)?;
        } else {
            self.add_file(self.current, name, Content::default())?;
        }
        self.tidy();
        Ok(Py::None)
    }

    fn echo(&mut self, content: &Py, name: &Py, ctx: Ctx<'_>) -> PyResult {
        if name.is_none() {
            return Ok(Py::dict([("terminal_output", content.clone())]));
        }
        if is_bad_name(name)? {
            return Ok(Py::error(format!("echo: cannot write to '{}': Invalid character", py::str(name))));
        }
        if !name.truth() {
            return Ok(Py::dict([("terminal_output", content.clone())]));
        }
        let Some(id) = self.here(name)? else {
            return Ok(Py::error(format!("echo: cannot write to '{}': No such file", py::str(name))));
        };
        match &mut self.nodes[id as usize] {
            // A file takes whatever it is given; only texts occur.
            Node::File(file) => *file = Content::written(py::str(content), ctx),
            Node::Dir { .. } => return Err(PyErr::new("'Directory' object has no attribute '_write'")),
        }
        Ok(Py::None)
    }

    fn cat(&self, name: &Py, ctx: Ctx<'_>) -> PyResult {
        let shown = py::str(name);
        if is_bad_name(name)? {
            return Ok(Py::error(format!("cat: '{shown}': Invalid character")));
        }
        Ok(match (self.here(name)?, self.file(name)?) {
            (_, Some(file)) => Py::dict([("file_content", file.whole(ctx))]),
            (Some(_), None) => Py::error(format!("cat: '{shown}': Is a directory")),
            (None, None) => Py::error(format!("cat: '{shown}': No such file or directory")),
        })
    }

    fn search(&self, dir: Id, path: &str, name: &Py, depth: u32, found: &mut Vec<Py>) -> Result<(), PyErr> {
        if depth > DEEPEST {
            return Err(too_deep());
        }
        for (item, id) in self.table(dir) {
            let here = format!("{path}/{item}");
            let fits = match name {
                Py::None => true,
                Py::Str(name) => item.contains(&**name),
                other => {
                    let ty = other.type_name();
                    return Err(PyErr(format!("'in <string>' requires string as left operand, not {ty}")));
                }
            };
            let deeper = self.is_dir(*id).then(|| here.clone());
            if fits {
                found.push(here.into());
            }
            if let Some(here) = deeper {
                self.search(*id, &here, name, depth + 1, found)?;
            }
        }
        Ok(())
    }

    fn wc(&self, name: &Py, mode: &Py, ctx: Ctx<'_>) -> PyResult {
        let Some(mode @ ("l" | "w" | "c")) = mode.as_str() else {
            return Ok(Py::error(format!("wc: invalid mode '{}'", py::str(mode))));
        };
        let Some(file) = self.file(name)? else {
            return Ok(no_such("wc", name));
        };
        let text = file.whole(ctx);
        let (count, ty) = match mode {
            "l" => (string::splitlines(&text).len(), "lines"),
            "w" => (string::split(&text).count(), "words"),
            _ => (text.chars().count(), "characters"),
        };
        Ok(Py::dict([("count", Py::Int(count as i64)), ("type", ty.into())]))
    }

    fn sort(&self, name: &Py, ctx: Ctx<'_>) -> PyResult {
        let Some(file) = self.file(name)? else {
            return Ok(no_such("sort", name));
        };
        let text = file.whole(ctx);
        let mut lines = string::splitlines(&text);
        lines.sort_unstable();
        Ok(Py::dict([("sorted_content", lines.join("\n"))]))
    }

    fn grep(&self, name: &Py, pattern: &Py, ctx: Ctx<'_>) -> PyResult {
        let Some(file) = self.file(name)? else {
            return Ok(no_such("grep", name));
        };
        let text = file.whole(ctx);
        let lines = string::splitlines(&text);
        let Some(pattern) = pattern.as_str() else {
            if lines.is_empty() {
                return Ok(Py::dict([("matching_lines", Py::List(Vec::new()))]));
            }
            let ty = pattern.type_name();
            return Err(PyErr(format!("'in <string>' requires string as left operand, not {ty}")));
        };
        let lines = lines.into_iter().filter(|line| line.contains(pattern));
        Ok(Py::dict([("matching_lines", Py::texts(lines.into_iter().map(str::to_owned)))]))
    }

    fn size(&self, id: Id, ctx: Ctx<'_>, depth: u32) -> Result<usize, PyErr> {
        if depth > DEEPEST {
            return Err(too_deep());
        }
        match &self.nodes[id as usize] {
            Node::File(file) if file.padded => Ok(file.whole(ctx).len()),
            Node::File(file) => Ok(file.text.len()),
            Node::Dir { .. } => {
                self.table(id).iter().try_fold(0, |sum, (_, id)| Ok(sum + self.size(*id, ctx, depth + 1)?))
            }
        }
    }

    fn du(&self, human: &Py, ctx: Ctx<'_>) -> PyResult {
        let bytes = self.size(self.current, ctx, 0)?;
        if !human.truth() {
            return Ok(Py::dict([("disk_usage", format!("{bytes} bytes"))]));
        }
        let mut size = bytes as f64;
        for unit in ["B", "KB", "MB", "GB", "TB"] {
            if size < 1024.0 {
                return Ok(Py::dict([("disk_usage", format!("{size:.2} {unit}"))]));
            }
            size /= 1024.0;
        }
        Ok(Py::dict([("disk_usage", format!("{size:.2} PB"))]))
    }

    fn tail(&self, name: &Py, lines: &Py, ctx: Ctx<'_>) -> PyResult {
        let Some(file) = self.file(name)? else {
            return Ok(no_such("tail", name));
        };
        let text = file.whole(ctx);
        let content = string::splitlines(&text);
        let all = content.len() as i64;
        let wanted = match compare(lines, &Py::Int(all)) {
            Some(order) if order.is_gt() => all,
            _ if lines.as_str().is_some() || !lines.is_number() => {
                let ty = lines.type_name();
                return Err(PyErr(format!("'>' not supported between instances of '{ty}' and 'int'")));
            }
            _ => match lines {
                Py::Float(_) => {
                    return Err(PyErr::new("slice indices must be integers or None or have an __index__ method"));
                }
                // A number below those of 64 bits leaves nothing, as one just below the count does.
                _ => lines.as_i64().unwrap_or(-all),
            },
        };
        // A slice from -wanted: from the start for 0, and from further on for a negative count.
        let from = match wanted {
            0 => 0,
            1.. => all - wanted,
            _ => wanted.unsigned_abs().min(all as u64) as i64,
        };
        Ok(Py::dict([("last_lines", content[from as usize..].join("\n"))]))
    }

    fn diff(&self, one: &Py, other: &Py, ctx: Ctx<'_>) -> PyResult {
        // The second name is not looked at where the first is not there.
        let both = match self.here(one)? {
            Some(_) => self.here(other)?.and_then(|_| Some((self.file(one).ok()??, self.file(other).ok()??))),
            None => None,
        };
        let Some((a, b)) = both else {
            return Ok(Py::error(format!("diff: {} or {}: No such file or directory", py::str(one), py::str(other))));
        };
        let (a, b) = (a.whole(ctx), b.whole(ctx));
        let pairs = string::splitlines(&a).into_iter().zip(string::splitlines(&b));
        let lines: Vec<String> = pairs.filter(|(a, b)| a != b).map(|(a, b)| format!("- {a}\n+ {b}")).collect();
        Ok(Py::dict([("diff_lines", lines.join("\n"))]))
    }

    /// `mv` and `cp`, which differ in whether the source stays and in what a directory's new table is.
    fn transfer(&mut self, source: &Py, destination: &Py, copy: bool) -> PyResult {
        let (tool, verb, done) = if copy { ("cp", "copy", "copied") } else { ("mv", "move", "moved") };
        let Some(item) = self.here(source)? else {
            let source = py::str(source);
            return Ok(Py::error(format!("{tool}: cannot {verb} '{source}': No such file or directory")));
        };
        let (source, Some(destination)) = (py::str(source), destination.as_str()) else {
            self.here(destination)?;
            let ty = destination.type_name();
            return Err(PyErr(format!("argument of type '{ty}' is not iterable")));
        };
        if destination.contains('/') {
            return Ok(Py::error(format!(
                "{tool}: path not allowed in destination. Provide only a file or directory name."
            )));
        }
        let place = match self.here(&Py::from(destination.to_owned()))? {
            Some(dir) if self.is_dir(dir) => Some(dir),
            Some(_) => {
                return Ok(Py::error(format!("{tool}: cannot {verb} '{source}' to '{destination}': Not a directory")));
            }
            None => None,
        };
        if let Some(dir) = place {
            // The official copy looks for a name with a slash, which is never there, and fails when it adds the entry.
            let taken = if copy { format!("{destination}/{source}") } else { source.clone() };
            if self.find(dir, &taken).is_some() {
                return Ok(Py::error(format!(
                    "{tool}: cannot {verb} '{source}' to '{destination}/{source}': File exists"
                )));
            }
        }
        let (dir, name) = place.map_or((self.current, destination), |dir| (dir, source.as_str()));
        let directory = self.is_dir(item);
        if copy && self.find(dir, name).is_some() {
            let (what, holder) = (if directory { "Directory" } else { "File" }, self.dir_name(dir));
            return Err(PyErr(format!("{what} '{name}' already exists in directory '{holder}'.")));
        }
        if !copy {
            self.remove(self.current, &source);
        }
        match self.nodes[item as usize].clone() {
            Node::File(content) => self.add_file(dir, name, content)?,
            Node::Dir { table, .. } => {
                let id = self.new_dir(name, Some(dir), Table::new());
                self.add(dir, name, "Directory", id)?;
                // Read after the entry was added: a directory may be put into itself.
                let theirs = if copy { self.tables[table as usize].clone() } else { Table::new() };
                if let Node::Dir { table: own, .. } = &mut self.nodes[id as usize] {
                    if copy {
                        self.tables[*own as usize] = theirs;
                    } else {
                        *own = table;
                    }
                }
            }
        }
        self.tidy();
        let whither = place.map_or_else(|| destination.to_owned(), |_| format!("{destination}/{source}"));
        Ok(Py::dict([("result", format!("'{source}' {done} to '{whither}'"))]))
    }

    fn rm(&mut self, name: &Py) -> PyResult {
        let shown = py::str(name);
        if self.here(name)?.is_none() {
            return Ok(Py::error(format!("rm: cannot remove '{shown}': No such file or directory")));
        }
        self.remove(self.current, &shown);
        self.tidy();
        Ok(Py::dict([("result", format!("'{shown}' removed"))]))
    }

    fn rmdir(&mut self, name: &Py) -> PyResult {
        let shown = py::str(name);
        let refused = |why: &str| Ok(Py::error(format!("rmdir: cannot remove '{shown}': {why}")));
        match self.here(name)? {
            None => refused("No such file or directory"),
            Some(id) if !self.is_dir(id) => refused("Not a directory"),
            Some(id) if !self.table(id).is_empty() => refused("Directory not empty"),
            Some(_) => {
                self.remove(self.current, &shown);
                self.tidy();
                Ok(Py::dict([("result", format!("'{shown}' removed"))]))
            }
        }
    }

    fn same_node(&self, id: Id, other: &Self, theirs: Id, depth: u32) -> bool {
        match (&self.nodes[id as usize], &other.nodes[theirs as usize]) {
            (Node::File(a), Node::File(b)) => a == b,
            (Node::Dir { name: a, .. }, Node::Dir { name: b, .. }) if a == b && depth <= DEEPEST => {
                let (a, b) = (self.table(id), other.table(theirs));
                a.len() == b.len()
                    && a.iter().all(|(name, id)| {
                        other.find(theirs, name).is_some_and(|theirs| self.same_node(*id, other, theirs, depth + 1))
                    })
            }
            _ => false,
        }
    }

    /// A directory or file as a value, for people and for the comparison with official states.
    fn show(&self, id: Id, depth: u32) -> Py {
        match &self.nodes[id as usize] {
            _ if depth > 32 => Py::Object("...".to_owned()),
            Node::File(Content { text, padded: false }) => Py::from(text.clone()),
            Node::File(Content { text, padded: true }) => Py::Tuple(vec![text.clone().into(), PADDING.into()]),
            Node::Dir { .. } => {
                let entries = self.table(id).iter();
                Py::Dict(entries.map(|(name, id)| (name.clone().into(), self.show(*id, depth + 1))).collect())
            }
        }
    }
}

fn no_such(tool: &str, name: &Py) -> Py {
    Py::error(format!("{tool}: {}: No such file or directory", py::str(name)))
}

/// Whether a name has a character that the official class refuses.
fn is_bad_name(name: &Py) -> Result<bool, PyErr> {
    let bad = |c: char| r#"|/\?%*:"><"#.contains(c);
    match name {
        Py::Str(name) => Ok(name.contains(bad)),
        Py::List(_) | Py::Tuple(_) | Py::Dict(_) | Py::Set(_) => {
            Ok(r#"|/\?%*:"><"#.chars().any(|c| name.contains(&c.to_string().into())))
        }
        _ => Err(PyErr(format!("argument of type '{}' is not iterable", name.type_name()))),
    }
}

impl Class for GorillaFileSystem {
    const NAME: &'static str = "GorillaFileSystem";
    const FUNCTIONS: &'static [Function] = {
        use Default::{Bool, Int, None, Required, Str};
        &[
            Function { name: "cat", params: &[("file_name", Required)] },
            Function { name: "cd", params: &[("folder", Required)] },
            Function { name: "cp", params: &[("source", Required), ("destination", Required)] },
            Function { name: "diff", params: &[("file_name1", Required), ("file_name2", Required)] },
            Function { name: "du", params: &[("human_readable", Bool(false))] },
            Function { name: "echo", params: &[("content", Required), ("file_name", None)] },
            Function { name: "find", params: &[("path", Str(".")), ("name", None)] },
            Function { name: "grep", params: &[("file_name", Required), ("pattern", Required)] },
            Function { name: "ls", params: &[("a", Bool(false))] },
            Function { name: "mkdir", params: &[("dir_name", Required)] },
            Function { name: "mv", params: &[("source", Required), ("destination", Required)] },
            Function { name: "pwd", params: &[] },
            Function { name: "rm", params: &[("file_name", Required)] },
            Function { name: "rmdir", params: &[("dir_name", Required)] },
            Function { name: "sort", params: &[("file_name", Required)] },
            Function { name: "tail", params: &[("file_name", Required), ("lines", Int(10))] },
            Function { name: "touch", params: &[("file_name", Required)] },
            Function { name: "wc", params: &[("file_name", Required), ("mode", Str("l"))] },
        ]
    };

    fn load(config: &mut Py, ctx: Ctx<'_>) -> Result<Self, PyErr> {
        let mut files = Self {
            nodes: Vec::new(),
            tables: Vec::new(),
            root: 0,
            current: 0,
            long_context: ctx.long(PADDING).is_some(),
        };
        match config.get("root") {
            None => files.root = files.new_dir("/", None, Table::new()),
            Some(root) => {
                let pairs = root.pairs().ok_or_else(|| PyErr::attribute(root, "keys"))?;
                let (name, tree) = pairs.first().ok_or_else(|| PyErr::new("list index out of range"))?;
                files.root = files.new_dir(&py::str(name), None, Table::new());
                files.fill(files.root, tree.at(&"contents".into())?, ctx, 0)?;
            }
        }
        files.current = files.root;
        files.tidy();
        Ok(files)
    }

    fn call(&mut self, function: &str, args: &[Py], ctx: Ctx<'_>) -> PyResult {
        match (function, args) {
            ("cat", [name]) => self.cat(name, ctx),
            ("cd", [folder]) => self.cd(folder),
            ("cp", [source, destination]) => self.transfer(source, destination, true),
            ("diff", [one, other]) => self.diff(one, other, ctx),
            ("du", [human]) => self.du(human, ctx),
            ("echo", [content, name]) => self.echo(content, name, ctx),
            ("find", [path, name]) => {
                if path.is_none() {
                    return Err(PyErr::attribute(path, "rstrip"));
                }
                let path = path.text("strip")?;
                let dir = match self.navigate(path, "find") {
                    Ok(dir) => dir,
                    Err(error) => return Ok(error),
                };
                let mut found = Vec::new();
                self.search(dir, path.trim_end_matches('/'), name, 0, &mut found)?;
                Ok(Py::dict([("matches", found)]))
            }
            ("grep", [name, pattern]) => self.grep(name, pattern, ctx),
            ("ls", [all]) => Ok(self.ls(all)),
            ("mkdir", [name]) => self.make("mkdir", "cannot create directory", name),
            ("mv", [source, destination]) => self.transfer(source, destination, false),
            ("pwd", []) => Ok(self.pwd()),
            ("rm", [name]) => self.rm(name),
            ("rmdir", [name]) => self.rmdir(name),
            ("sort", [name]) => self.sort(name, ctx),
            ("tail", [name, lines]) => self.tail(name, lines, ctx),
            ("touch", [name]) => self.make("touch", "cannot touch", name),
            ("wc", [name, mode]) => self.wc(name, mode, ctx),
            _ => Err(PyErr(format!("'GorillaFileSystem' object has no attribute '{function}'"))),
        }
    }

    fn public(&self) -> Vec<(&'static str, Py)> {
        let root = Py::dict([(self.dir_name(self.root).to_owned(), self.show(self.root, 0))]);
        vec![("long_context", Py::Bool(self.long_context)), ("root", root)]
    }

    fn same(&self, other: &Self) -> bool {
        self.long_context == other.long_context && self.same_node(self.root, other, other.root, 0)
    }
}
