//! Every figure on a report's page equals a query on the run file: the page's embedded data against SQL and the records,
//! neither of which go through the code that made the page.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::Path;

use coevo_core::episode::Stage;
use coevo_core::interface::{LineageNode, Target};
use coevo_core::label::Label;
use coevo_trace::{CommitKey, EpisodeFilter, Phase, RunFile, stage_name};
use common::{coevo, records, run, succeed, tiny};
use rusqlite::{Connection, OpenFlags, Params};
use serde_json::Value;

/// A run's page, its data, and the database behind it.
struct Case {
    page: String,
    data: Value,
    db: Connection,
    file: RunFile,
    folder: tempfile::TempDir,
}

impl Case {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        succeed(folder.path(), &["run", tiny(folder.path()), "--out", "run"]);
        let said = succeed(folder.path(), &["report", "run"]);
        assert_eq!(said.trim(), "run/report.html");
        let page = std::fs::read_to_string(folder.path().join("run/report.html")).expect("the page it named");
        let data = embedded(&page);
        let run = folder.path().join("run");
        let db = Connection::open_with_flags(run.join("run.sqlite"), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("SQLite");
        let file = RunFile::open_read_only(&run).expect("a run");
        Self { page, data, db, file, folder }
    }

    fn rows(&self, name: &str) -> &[Value] {
        self.data["runs"][0][name].as_array().unwrap_or_else(|| panic!("the page has {name}"))
    }

    fn number(&self, sql: &str, params: impl Params) -> f64 {
        let value: Option<f64> =
            self.db.query_row(sql, params, |row| row.get(0)).unwrap_or_else(|e| panic!("{sql}: {e}"));
        value.unwrap_or(0.0)
    }
}

/// The JSON between the tags of the page's data element.
fn embedded(page: &str) -> Value {
    let (_, rest) = page.split_once(r#"<script type="application/json" id="data">"#).expect("a data element");
    let (data, _) = rest.split_once("</script>").expect("its end");
    serde_json::from_str(data).expect("JSON")
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_else(|| panic!("{field} of {row}"))
}

fn figure(row: &Value, field: &str) -> f64 {
    row[field].as_f64().unwrap_or_else(|| panic!("{field} of {row}"))
}

fn stage(row: &Value) -> i64 {
    let all = [Stage::Warmup, Stage::Train, Stage::Dev, Stage::Probe, Stage::Test, Stage::Transfer];
    let found = all.into_iter().find(|stage| stage_name(*stage) == row["stage"]).expect("a stage");
    found as i64
}

#[track_caller]
fn same(what: &str, page: f64, query: f64) {
    assert!((page - query).abs() <= 1e-9 * query.abs().max(1.0), "{what}: the page says {page}, the run {query}");
}

#[test]
fn every_figure_equals_a_query_on_the_run() {
    let case = Case::new();
    counts(&case);
    success(&case);
    labels(&case);
    gaps(&case);
    failures(&case);
    cues(&case);
    training(&case);
    times(&case);
    closing(&case);
    examples(&case);
    self_contained(&case);
    drawn(&case);
    live(&case);
}

fn counts(case: &Case) {
    let data = &case.data["runs"][0];
    for (field, sql) in [
        ("episodes", "SELECT count(*) FROM episodes"),
        ("turns", "SELECT sum(turns) FROM episodes"),
        ("sampled_tokens", "SELECT sum(sampled_tokens) FROM episodes"),
    ] {
        same(field, figure(data, field), case.number(sql, []));
    }
    assert_eq!(data["finished"], true);
}

fn success(case: &Case) {
    let places =
        "SELECT count(*) FROM (SELECT DISTINCT arm, stage, round, category FROM episodes WHERE reward IS NOT NULL)";
    let totals = "SELECT count(*) FROM (SELECT DISTINCT arm, stage, round FROM episodes WHERE reward IS NOT NULL)";
    let rows = case.rows("success");
    same("rows of success", rows.len() as f64, case.number(places, []) + case.number(totals, []));
    for row in rows {
        let category = row["category"].as_str();
        let query = |what: &str| {
            let sql = format!(
                "SELECT count(*) FROM episodes WHERE arm = ?1 AND stage = ?2 AND round = ?3 AND (?4 IS NULL OR category = ?4) AND {what}"
            );
            case.number(&sql, (text(row, "arm"), stage(row), row["round"].as_i64(), category))
        };
        let (passed, scored) = (query("reward >= 1"), query("reward IS NOT NULL"));
        same("passed", figure(row, "passed"), passed);
        same("scored", figure(row, "scored"), scored);
        same("success", figure(row, "value"), passed / scored);
        // Wilson's interval solves |p − x| = z·sqrt(x(1 − x)/n) at both ends.
        for end in ["low", "high"] {
            let x = figure(row, end);
            let distance = 1.959_963_984_540_054 * (x * (1.0 - x) / scored).sqrt();
            // A root next to 0 keeps half of the digits.
            assert!(((passed / scored - x).abs() - distance).abs() < 1e-7, "{end} of {row}");
        }
    }
}

fn labels(case: &Case) {
    let rows = case.rows("labels");
    let turns: f64 = rows.iter().map(|row| figure(row, "turns")).sum();
    same("labelled turns", turns, case.number("SELECT count(*) FROM labels", []));
    for row in rows {
        let query = |what: &str, label: Option<&str>| {
            let sql = format!(
                "SELECT {what} FROM labels WHERE (?4 IS NULL OR label = ?4) AND \
                 episode IN (SELECT id FROM episodes WHERE arm = ?1 AND stage = ?2 AND round = ?3)"
            );
            case.number(&sql, (text(row, "arm"), stage(row), row["round"].as_i64(), label))
        };
        let label = Some(text(row, "label"));
        same("turns", figure(row, "turns"), query("count(*)", label));
        same("cascaded", figure(row, "cascaded"), query("sum(cascaded)", label));
        same("share", figure(row, "share"), query("count(*)", label) / query("count(*)", None));
    }
}

fn gaps(case: &Case) {
    let rows = case.rows("gap");
    let probed = "SELECT count(*) FROM (SELECT DISTINCT arm, round FROM episodes WHERE stage = 3)";
    same("probed rounds", rows.len() as f64, case.number(probed, []));
    assert!(!rows.is_empty(), "the tiny run probes");
    for row in rows {
        let mean = |stage: i64| {
            let sql = "SELECT avg(reward) FROM episodes WHERE arm = ?1 AND stage = ?2 AND round = ?3";
            case.number(sql, (text(row, "arm"), stage, row["round"].as_i64()))
        };
        let (without, with) = (mean(2), mean(3));
        same("without", figure(row, "without"), without);
        same("with", figure(row, "with"), with);
        same("gap", figure(row, "value"), with - without);
        assert!(figure(row, "low") <= with - without && with - without <= figure(row, "high"), "{row}");
    }
}

/// Arm, tool, argument and failure, as the page names a cell.
type Cell = (String, String, Option<String>, String);

fn failures(case: &Case) {
    let mut turns: BTreeMap<Cell, u32> = BTreeMap::new();
    let mut of: BTreeMap<(String, String), u32> = BTreeMap::new();
    let train = EpisodeFilter { stage: Some(Stage::Train), ..EpisodeFilter::default() };
    for record in records(&case.file, &train) {
        let arm = &record.episode.key.arm;
        for turn in record.diagnosis.iter().flat_map(|diagnosis| &diagnosis.turns) {
            for tool in turn.evidence.tools() {
                *of.entry((arm.clone(), tool.to_owned())).or_default() += 1;
            }
            for blame in &turn.blame {
                let cell = (arm.clone(), blame.tool.clone(), blame.argument.clone(), blame.failure.name().to_owned());
                *turns.entry(cell).or_default() += 1;
            }
        }
    }
    let rows = case.rows("failures");
    assert_eq!(rows.len(), turns.len());
    assert!(!rows.is_empty(), "the tiny policy fails");
    for row in rows {
        let (arm, tool) = (text(row, "arm").to_owned(), text(row, "tool").to_owned());
        let of = of.get(&(arm.clone(), tool.clone())).copied().unwrap_or(0);
        let cell = (arm, tool, row["argument"].as_str().map(str::to_owned), text(row, "failure").to_owned());
        same("blamed turns", figure(row, "turns"), f64::from(turns[&cell]));
        same("turns of the tool", figure(row, "of"), f64::from(of));
    }
}

fn cues(case: &Case) {
    let rows = case.rows("cues");
    assert!(!rows.is_empty(), "the tiny run evolves");
    let mut shown: BTreeMap<(String, u32), u32> = BTreeMap::new();
    for row in rows {
        for round in figure(row, "from") as u32..=figure(row, "to") as u32 {
            *shown.entry((text(row, "arm").to_owned(), round)).or_default() += 1;
        }
    }
    // The bars of a round are the cues of the interface that its episodes are stamped with.
    let interfaces = case.file.interfaces().expect("readable");
    let train = EpisodeFilter { stage: Some(Stage::Train), ..EpisodeFilter::default() };
    for summary in case.file.episodes(&train).expect("readable") {
        let interface = interfaces.iter().find(|(id, _)| id.as_str() == summary.interface).expect("recorded").1;
        let bars = shown.get(&(summary.key.arm.clone(), summary.key.round)).copied().unwrap_or(0);
        assert_eq!(bars as usize, interface.cues().len(), "{}", summary.name);
    }
    for row in rows {
        let key =
            CommitKey { arm: text(row, "arm").to_owned(), phase: Phase::Round, round: figure(row, "from") as u32 - 1 };
        let lineage = case.file.commit_record(&key).expect("readable").expect("the round that added it").lineage;
        let mine = |node: &&LineageNode| {
            let cue = &node.cue;
            node.round == key.round && cue.rule == text(row, "rule") && cue.target.to_string() == text(row, "target")
        };
        let node = lineage.iter().find(mine).expect("its node");
        same("cause", figure(&row["cause"], "share"), f64::from(node.cause.count) / f64::from(node.cause.of));
        assert_eq!(text(row, "text"), node.cue.text);
        let last = case.file.lineage(&key.arm).expect("readable");
        let rounds = figure(row, "from") as u32..=figure(row, "to") as u32;
        for (arm, seen) in [(key.arm.as_str(), &row["shown"]), ("vanilla", &row["control"])] {
            let (count, of) = trouble(case, arm, rounds.clone(), node);
            same("failures with the cue, or of the control", figure(seen, "count"), f64::from(count));
            same("turns with the cue, or of the control", figure(seen, "of"), f64::from(of));
        }
        assert_eq!(row["effect"].as_f64(), last.iter().find(mine).expect("its node").effect);
    }
}

/// Turns of an arm's training rounds with the failures that a cue is meant to cure, and turns that could have them.
fn trouble(case: &Case, arm: &str, rounds: std::ops::RangeInclusive<u32>, node: &LineageNode) -> (u32, u32) {
    let train = EpisodeFilter { arm: Some(arm.into()), stage: Some(Stage::Train), ..EpisodeFilter::default() };
    let (mut count, mut of) = (0, 0);
    for record in records(&case.file, &train).iter().filter(|record| rounds.contains(&record.episode.key.round)) {
        for turn in record.diagnosis.iter().flat_map(|diagnosis| &diagnosis.turns) {
            let (tool, argument) = match &node.cue.target {
                Target::Global => {
                    of += 1;
                    let root = turn.cascaded_from.is_none();
                    let triggers = |label| node.cue.triggers.iter().any(|trigger| Label::Failure(*trigger) == label);
                    count += u32::from(root && triggers(turn.label));
                    continue;
                }
                Target::Tool(tool) => (tool, None),
                Target::Argument { tool, argument } => (tool, Some(argument)),
            };
            of += u32::from(turn.evidence.tools().contains(tool.as_str()));
            let mine = |blame: &&coevo_core::diagnose::Blame| {
                blame.tool == *tool && blame.argument.as_ref() == argument && node.cue.triggers.contains(&blame.failure)
            };
            count += turn.blame.iter().filter(mine).count() as u32;
        }
    }
    (count.min(of), of)
}

fn training(case: &Case) {
    let rows = case.rows("metrics");
    same("metrics", rows.len() as f64, case.number("SELECT count(*) FROM metrics", []));
    for row in rows {
        let sql =
            "SELECT value FROM metrics JOIN commits ON id = commit_id WHERE arm = ?1 AND round = ?2 AND name = ?3";
        let query = case.number(sql, (text(row, "arm"), row["round"].as_i64(), text(row, "name")));
        same(text(row, "name"), row["value"].as_f64().unwrap_or(0.0), query);
    }
    for row in case.rows("lengths") {
        for field in ["turns", "steps", "tokens", "sampled_tokens"] {
            let sql = format!("SELECT avg({field}) FROM episodes WHERE arm = ?1 AND stage = ?2 AND round = ?3");
            same(field, figure(row, field), case.number(&sql, (text(row, "arm"), stage(row), row["round"].as_i64())));
        }
    }
    let mut groups: BTreeMap<(String, u32), BTreeMap<u32, Vec<f64>>> = BTreeMap::new();
    let train = EpisodeFilter { stage: Some(Stage::Train), unscored: Some(false), ..EpisodeFilter::default() };
    for summary in case.file.episodes(&train).expect("readable") {
        let round = groups.entry((summary.key.arm, summary.key.round)).or_default();
        round.entry(summary.key.task.index).or_default().push(summary.reward.expect("scored"));
    }
    assert_eq!(case.rows("spread").len(), groups.len());
    for row in case.rows("spread") {
        let of = &groups[&(text(row, "arm").to_owned(), figure(row, "round") as u32)];
        let variance = |rewards: &Vec<f64>| {
            let mean = rewards.iter().sum::<f64>() / rewards.len() as f64;
            rewards.iter().map(|reward| (reward - mean).powi(2)).sum::<f64>() / rewards.len() as f64
        };
        same("groups", figure(row, "groups"), of.len() as f64);
        let mixed = of.values().filter(|rewards| rewards.iter().any(|reward| *reward != rewards[0])).count();
        same("mixed groups", figure(row, "mixed"), mixed as f64);
        same("variance", figure(row, "mean_variance"), of.values().map(variance).sum::<f64>() / of.len() as f64);
    }
    let faults: f64 = case.rows("faults").iter().map(|row| figure(row, "episodes")).sum();
    same("faults", faults, case.number("SELECT count(*) FROM episodes WHERE boundary IS NOT NULL", []));
}

fn times(case: &Case) {
    let rows = case.rows("times");
    same("times", rows.len() as f64, case.number("SELECT count(*) FROM timings", []));
    let all: f64 = rows.iter().map(|row| figure(row, "elapsed_ms")).sum();
    same("time in all", all, case.number("SELECT sum(elapsed_ms) FROM timings", []));
    assert!(case.rows("rates").iter().any(|row| row["what"] == "sampled"));
    for row in case.rows("rates").iter().filter(|row| row["what"] == "sampled") {
        let tokens = "SELECT sum(sampled_tokens) FROM episodes WHERE arm = ?1 AND stage = 1 AND round = ?2";
        let elapsed = "SELECT elapsed_ms FROM timings JOIN commits ON id = commit_id WHERE arm = ?1 AND round = ?2 AND name = 'rollout'";
        let key = (text(row, "arm"), row["round"].as_i64());
        same("tokens/s", figure(row, "tokens_per_s"), 1000.0 * case.number(tokens, key) / case.number(elapsed, key));
    }
}

fn closing(case: &Case) {
    let arms = case.data["runs"][0]["closing"]["arms"].as_array().expect("arms");
    assert_eq!(arms.len(), 2);
    let mean = |arm: &str, task: &str| {
        case.number(&format!("SELECT avg(reward >= 1) FROM episodes WHERE arm = ?1 AND stage = 4 {task}"), [arm])
    };
    for arm in arms {
        let name = text(arm, "name");
        for (of, row) in [("baseline", &arm["before"]), (name, &arm["after"])] {
            let all = &row["all"];
            same("test success", figure(all, "passed") / figure(all, "scored"), mean(of, ""));
            for (category, rate) in row["categories"].as_object().expect("categories") {
                let query = mean(of, &format!("AND category = '{category}'"));
                same(category, figure(rate, "passed") / figure(rate, "scored"), query);
            }
            let shares: f64 = row["labels"].as_object().expect("labels").values().filter_map(Value::as_f64).sum();
            same("label shares", shares, 1.0);
        }
        let paired = "SELECT avg(a.reward - b.reward) FROM episodes AS a JOIN episodes AS b ON b.stage = 4 AND b.arm = ?2 \
                      AND b.task_index = a.task_index WHERE a.stage = 4 AND a.arm = ?1";
        same("gain", figure(&arm["gain"], "value"), case.number(paired, (name, "baseline")));
        match name {
            "vanilla" => assert_eq!(arm["over_first"], Value::Null, "the first arm is not over itself"),
            _ => same("over the first", figure(&arm["over_first"], "value"), case.number(paired, (name, "vanilla"))),
        }
    }
}

fn examples(case: &Case) {
    let rows = case.rows("examples");
    let shown: BTreeSet<&str> = rows.iter().map(|row| text(row, "label")).collect();
    let mut known = case.db.prepare("SELECT DISTINCT label FROM labels").expect("SQL");
    let known: BTreeSet<String> =
        known.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("labels");
    assert_eq!(shown, known.iter().map(String::as_str).collect(), "each label has an example");
    let mut tried = BTreeSet::new();
    for row in rows {
        let sql = "SELECT count(*) FROM labels JOIN episodes ON id = episode WHERE name = ?1 AND turn = ?2 - 1 AND label = ?3";
        let found = case.number(sql, (text(row, "episode"), row["turn"].as_i64(), text(row, "label")));
        same(text(row, "episode"), 1.0, found);
        // The commands that the page offers work.
        if !tried.insert(text(row, "label")) {
            continue;
        }
        let said = succeed(case.folder.path(), &["replay", "run", text(row, "episode")]);
        assert!(said.contains(text(row, "user")), "{said}");
    }
}

/// No network: nothing is loaded from anywhere.
fn self_contained(case: &Case) {
    for loads in ["src=\"", "<link", "@import", "url(http"] {
        assert!(!case.page.contains(loads), "the page has {loads}");
    }
    assert!(case.page.matches("<script").count() == 6, "the data, two libraries and our own three scripts");
}

/// The page's script draws every figure, in a browser where there is one.
fn drawn(case: &Case) {
    let browsers = ["chromium", "chromium-browser", "google-chrome"];
    let found = browsers.into_iter().find(|name| std::process::Command::new(name).arg("--version").output().is_ok());
    let Some(browser) = found else {
        eprintln!("no Chromium here: that the page draws its figures is not tested");
        return;
    };
    let page = case.folder.path().join("run/report.html");
    let output = std::process::Command::new(browser)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--virtual-time-budget=5000",
            "--window-size=1280,900",
        ])
        .arg(format!("--user-data-dir={}", case.folder.path().join("browser").display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("it was there a moment ago");
    let dom = String::from_utf8_lossy(&output.stdout);
    let (_, body) = dom.split_once("<main").expect("a page");
    let body = &body[..body.find("<footer").expect("a footer")];
    assert!(!body.contains("this figure cannot be drawn"), "{body}");
    let figures = body.matches("<figure").count();
    assert!(figures > 20 && body.matches("<svg").count() >= figures, "{figures} figures");
    // What a table shows is what the data says.
    for arm in case.data["runs"][0]["closing"]["arms"].as_array().expect("arms") {
        let all = &arm["after"]["all"];
        let share = format!("{:.1}", 100.0 * figure(all, "passed") / figure(all, "scored"));
        assert!(body.contains(&share), "{share} of {arm}");
    }
}

fn live(case: &Case) {
    let mut server = coevo(case.folder.path())
        .args(["report", "run", "--live"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut said = [0; 256];
    let read = server.stdout.as_mut().expect("piped").read(&mut said).expect("an address");
    let said = String::from_utf8_lossy(&said[..read]).into_owned();
    let address = said.split("//").nth(1).and_then(|rest| rest.split('/').next()).expect("an address").to_owned();
    let get = |path: &str, host: &str| {
        let mut stream = std::net::TcpStream::connect(&address).expect("it listens");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    };
    let data = get("/data.json", &address);
    let page = get("/", &address);
    let refused = get("/", "evil.example");
    server.kill().expect("it runs");
    server.wait().expect("it ends");
    let body: Value = serde_json::from_str(data.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON");
    assert_eq!(body, case.data);
    assert!(page.starts_with("HTTP/1.1 200") && page.contains(r#"data-live="true""#));
    assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
}

#[test]
fn what_cannot_be_reported_is_said() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let check = |args: &[&str], says: &str| {
        let (code, out, err) = run(folder.path(), args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {err}");
        assert!(err.contains(says), "{args:?}: {err}");
    };
    check(&["report"], "required");
    check(&["report", "nowhere"], "nowhere is not a run folder");
    check(&["report", "nowhere", "--live", "--json"], "cannot be used with");
    assert!(!Path::new(&folder.path().join("nowhere")).exists());
}
