//! Questions: the answer must give what a command told.

use coevo_sdk::json;
use coevo_sdk::story::Beat;

use super::{Shell, folder, lines, list, spell, unread};
use crate::state::{Node, name};
use crate::talk;

fn content(lines: &[String]) -> Beat {
    lines.iter().fold(Beat::new("", format!("It says: {}.", lines.join("; "))), |beat, line| beat.fact(line))
}

pub(super) fn cat(t: &mut Shell) -> Option<Beat> {
    let f = unread(t, 1, 3)?;
    t.memory.read.insert(f.path.clone());
    let told = t.call("cat", json!({"file": f.arg}));
    let text = t.say(talk::CAT, &[("f", &f.words)]);
    let (hole, reply) = (t.say(talk::CAT_NO, &[]), t.reply(talk::REPLY_PATH, &f.arg));
    let beat = Beat { text, ..content(&list(&told, "lines")) };
    // Without a path, whoever hears "it" has to be asked again; and a name that must be found first is no path.
    Some(if f.words == f.arg { beat.lacking("file", hole, reply) } else { beat })
}

pub(super) fn ls(t: &mut Shell) -> Option<Beat> {
    if t.rng.one_in(3) {
        let told = t.call("ls", json!({}));
        let names = list(&told, "names");
        let text = t.say(talk::LS_HERE, &[]);
        return listing(&names).map(|beat| Beat { text, ..beat });
    }
    let (_, d) = folder(t, &|_| true)?;
    let told = t.call("ls", json!({"folder": d}));
    let beat = listing(&list(&told, "names"))?;
    let text = t.say(talk::LS, &[("d", &d)]);
    let (hole, reply) = (t.say(talk::LS_NO, &[]), t.reply(talk::REPLY_PATH, &d));
    Some(Beat { text, ..beat }.lacking("folder", hole, reply))
}

fn listing(names: &[String]) -> Option<Beat> {
    let beat = Beat::new("", format!("It has {}.", names.join(", ")));
    (1..=5).contains(&names.len()).then(|| names.iter().fold(beat, |beat, name| beat.fact(name.trim_end_matches('/'))))
}

pub(super) fn find(t: &mut Shell) -> Option<Beat> {
    let cwd = t.state().cwd.clone();
    let below: Vec<String> = t
        .state()
        .nodes
        .iter()
        .filter(|(path, node)| **node != Node::Folder && crate::state::is_below(path, &cwd))
        .map(|(path, _)| path.clone())
        .filter(|path| !t.memory.spelled.contains_key(path))
        .collect();
    let path = t.choose(&below)?;
    let n = name(&path).to_owned();
    let paths = list(&t.call("find", json!({"name": n})), "paths");
    if paths == [n.clone()] || paths.len() > 2 {
        return None;
    }
    t.memory.focus = (paths.len() == 1).then(|| path.clone());
    let spelled = spell(t, &path);
    t.memory.spelled.insert(path, spelled);
    let beat = Beat::new(t.say(talk::FIND, &[("n", &n)]), format!("It is {}.", paths.join(" and ")));
    let (hole, reply) = (t.say(talk::FIND_NO, &[]), t.reply(talk::REPLY_PATH, &n));
    Some(paths.iter().fold(beat, |beat, path| beat.fact(path)).lacking("file", hole, reply))
}

pub(super) fn head(t: &mut Shell) -> Option<Beat> {
    ends(t, "head", talk::HEAD, talk::HEAD_NO)
}

pub(super) fn tail(t: &mut Shell) -> Option<Beat> {
    ends(t, "tail", talk::TAIL, talk::TAIL_NO)
}

fn ends(t: &mut Shell, tool: &'static str, ask: &[&'static str], without: &[&'static str]) -> Option<Beat> {
    let f = unread(t, 3, 9)?;
    let most = lines(&t.state().nodes[&f.path]).len() as u32 - 1;
    let count = t.rng.range(2, most);
    let told = t.call(tool, json!({"file": f.arg, "count": count}));
    let n = count.to_string();
    let text = t.say(ask, &[("f", &f.words), ("n", &n)]);
    let (hole, reply) = (t.say(without, &[("f", &f.words)]), t.reply(talk::REPLY_COUNT, &n));
    Some(Beat { text, ..content(&list(&told, "lines")) }.lacking("count", hole, reply))
}

pub(super) fn grep(t: &mut Shell) -> Option<Beat> {
    let f = unread(t, 2, 9)?;
    let all = lines(&t.state().nodes[&f.path]).to_vec();
    let line = t.choose(&all)?;
    let word = line.rsplit(' ').next()?.to_owned();
    let found = list(&t.call("grep", json!({"file": f.arg, "word": word})), "lines");
    if found.len() != 1 {
        return None;
    }
    let text = t.say(talk::GREP, &[("f", &f.words), ("w", &word)]);
    let (hole, reply) = (t.say(talk::GREP_NO, &[("f", &f.words)]), t.reply(talk::REPLY_WORD, &word));
    Some(Beat { text, ..content(&found) }.lacking("word", hole, reply))
}

pub(super) fn sort(t: &mut Shell) -> Option<Beat> {
    let f = unread(t, 2, 4)?;
    t.memory.read.insert(f.path.clone());
    let sorted = list(&t.call("sort", json!({"file": f.arg})), "lines");
    let text = t.say(talk::SORT, &[("f", &f.words)]);
    Some(Beat::new(text, format!("The first is: {}.", sorted[0])).fact(&sorted[0]))
}

pub(super) fn wc(t: &mut Shell) -> Option<Beat> {
    let f = unread(t, 2, 9)?;
    let told = t.call("wc", json!({"file": f.arg}));
    let (ask, what) = if t.rng.one_in(2) { (talk::WC, "lines") } else { (talk::WC_WORDS, "words") };
    let number = told[what].to_string();
    let text = t.say(ask, &[("f", &f.words)]);
    Some(Beat::new(text, format!("It has {number} {what}.")).fact(number))
}

pub(super) fn diff(t: &mut Shell) -> Option<Beat> {
    let nodes = &t.state().nodes;
    let files: Vec<&String> = nodes.iter().filter(|(_, node)| **node != Node::Folder).map(|(path, _)| path).collect();
    let twin = |path: &&String| files.iter().any(|other| other != path && name(other) == name(path));
    let twins: Vec<String> = files.iter().filter(|path| twin(path)).map(|path| (*path).clone()).collect();
    let [old, new] = &twins[..] else { return None };
    let (f, g) = (spell(t, old), spell(t, new));
    let told = t.call("diff", json!({"old": f, "new": g}));
    let added = list(&told, "added");
    let [line] = &added[..] else { return None };
    let text = t.say(talk::DIFF, &[("f", &f), ("g", &g)]);
    let (hole, reply) = (t.say(talk::DIFF_NO, &[("f", &f)]), t.reply(talk::REPLY_PATH, &g));
    t.memory.spelled.extend([(old.clone(), f), (new.clone(), g)]);
    t.memory.focus = None;
    Some(Beat::new(text, format!("New is: {line}.")).fact(line).lacking("file", hole, reply))
}

pub(super) fn du(t: &mut Shell) -> Option<Beat> {
    let (_, d) = folder(t, &|_| true)?;
    let bytes = t.call("du", json!({"folder": d}))["bytes"].to_string();
    let text = t.say(talk::DU, &[("d", &d)]);
    let (hole, reply) = (t.say(talk::DU_NO, &[]), t.reply(talk::REPLY_PATH, &d));
    Some(Beat::new(text, format!("It has {bytes} bytes.")).fact(bytes).lacking("folder", hole, reply))
}
