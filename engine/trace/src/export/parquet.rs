//! Parquet: tables for a data frame or an external trainer.
//!
//! ```text
//! OUT/episodes.parquet   one row an episode
//! OUT/turns.parquet      one row a user turn: texts, label, verdict, weight
//! OUT/tokens.parquet     one row an episode: ids, log_probs, loss_mask, advantages, weights, turn, step, as lists of one length
//! ```
//!
//! `loss_mask` marks the tokens that the policy chose; `advantages` is the weighted advantage of each of them and 0 elsewhere;
//! `weights` is the factor in it that came from the diagnosis. Columns are dictionary-encoded and not compressed: the
//! crate's codecs would bring a second copy of zstd.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use coevo_core::advantage::StepCredit;
use coevo_core::episode::Verdict;
use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;

use crate::error::{Result, TraceError};
use crate::folder::RunFile;
use crate::query::{EpisodeFilter, EpisodeSummary};
use crate::record::{EpisodeRecord, stage_name};

/// Episodes of one row group: what is held in memory at once.
const GROUP: usize = 1024;

/// A column of one row group, with its type in the schema language.
enum Column {
    Text(Vec<ByteArray>),
    MaybeText(Vec<Option<ByteArray>>),
    Integer(Vec<i32>),
    MaybeInteger(Vec<Option<i32>>),
    Long(Vec<i64>),
    MaybeDouble(Vec<Option<f64>>),
    Integers(Vec<Vec<i32>>),
    Floats(Vec<Vec<f32>>),
    Flags(Vec<Vec<bool>>),
}

type Table = Vec<(&'static str, Column)>;

impl Column {
    fn declared(&self, name: &str) -> String {
        let list = |kind: &str| {
            format!("required group {name} (LIST) {{ repeated group list {{ required {kind} element; }} }}")
        };
        match self {
            Column::Text(_) => format!("required binary {name} (STRING);"),
            Column::MaybeText(_) => format!("optional binary {name} (STRING);"),
            Column::Integer(_) => format!("required int32 {name};"),
            Column::MaybeInteger(_) => format!("optional int32 {name};"),
            Column::Long(_) => format!("required int64 {name} (INTEGER(64,false));"),
            Column::MaybeDouble(_) => format!("optional double {name};"),
            Column::Integers(_) => list("int32"),
            Column::Floats(_) => list("float"),
            Column::Flags(_) => list("boolean"),
        }
    }

    fn write(self, to: &mut SerializedColumnWriter<'_>) -> parquet::errors::Result<()> {
        match self {
            Column::Text(values) => to.typed::<ByteArrayType>().write_batch(&values, None, None),
            Column::Integer(values) => to.typed::<Int32Type>().write_batch(&values, None, None),
            Column::Long(values) => to.typed::<Int64Type>().write_batch(&values, None, None),
            Column::MaybeText(values) => {
                let (values, there) = optional(values);
                to.typed::<ByteArrayType>().write_batch(&values, Some(&there), None)
            }
            Column::MaybeInteger(values) => {
                let (values, there) = optional(values);
                to.typed::<Int32Type>().write_batch(&values, Some(&there), None)
            }
            Column::MaybeDouble(values) => {
                let (values, there) = optional(values);
                to.typed::<DoubleType>().write_batch(&values, Some(&there), None)
            }
            Column::Integers(lists) => {
                let (values, there, repeats) = flat(lists);
                to.typed::<Int32Type>().write_batch(&values, Some(&there), Some(&repeats))
            }
            Column::Floats(lists) => {
                let (values, there, repeats) = flat(lists);
                to.typed::<FloatType>().write_batch(&values, Some(&there), Some(&repeats))
            }
            Column::Flags(lists) => {
                let (values, there, repeats) = flat(lists);
                to.typed::<BoolType>().write_batch(&values, Some(&there), Some(&repeats))
            }
        }
        .map(|_| ())
    }
}

/// Values that are there, and of each row whether it is.
fn optional<T>(values: Vec<Option<T>>) -> (Vec<T>, Vec<i16>) {
    let there = values.iter().map(|value| i16::from(value.is_some())).collect();
    (values.into_iter().flatten().collect(), there)
}

/// Lists as one row of values, with definition levels (0: an empty list) and repetition levels (0: a list begins).
fn flat<T>(lists: Vec<Vec<T>>) -> (Vec<T>, Vec<i16>, Vec<i16>) {
    let (mut values, mut there, mut repeats) = (Vec::new(), Vec::new(), Vec::new());
    for list in lists {
        there.extend(std::iter::repeat_n(1, list.len()).chain((list.is_empty()).then_some(0)));
        repeats.extend((0..list.len().max(1)).map(|at| i16::from(at > 0)));
        values.extend(list);
    }
    (values, there, repeats)
}

/// One file, written a row group at a time.
struct Output {
    writer: Option<SerializedFileWriter<File>>,
    path: std::path::PathBuf,
}

impl Output {
    fn failed(&self, error: &parquet::errors::ParquetError) -> TraceError {
        let source = std::io::Error::other(error.to_string());
        TraceError::Io { path: self.path.display().to_string(), source }
    }

    fn write(&mut self, table: Table) -> Result<()> {
        let done = self.write_group(table);
        done.map_err(|error| self.failed(&error))
    }

    fn write_group(&mut self, table: Table) -> parquet::errors::Result<()> {
        if self.writer.is_none() {
            let columns: String = table.iter().map(|(name, column)| column.declared(name)).collect();
            let schema = Arc::new(parse_message_type(&format!("message coevo {{ {columns} }}"))?);
            let properties = WriterProperties::builder()
                .set_compression(Compression::UNCOMPRESSED)
                .set_created_by(format!("coevo {}", env!("CARGO_PKG_VERSION")))
                .build();
            self.writer = Some(SerializedFileWriter::new(File::create(&self.path)?, schema, Arc::new(properties))?);
        }
        let writer = self.writer.as_mut().expect("made above");
        let mut group = writer.next_row_group()?;
        for (_, column) in table {
            let mut to = group.next_column()?.expect("the schema was made of these columns");
            column.write(&mut to)?;
            to.close()?;
        }
        group.close().map(|_| ())
    }

    fn close(self) -> Result<()> {
        let Self { writer, path } = self;
        let closed = writer.map(SerializedFileWriter::close).transpose();
        closed.map(|_| ()).map_err(|error| Output { writer: None, path }.failed(&error))
    }
}

/// Writes the three tables into `folder`, which is made if it is missing. Returns how many episodes were written.
///
/// # Errors
/// [`TraceError::Payload`] names a damaged episode; write errors.
pub fn export_parquet(run: &RunFile, filter: &EpisodeFilter, folder: &Path) -> Result<u64> {
    std::fs::create_dir_all(folder).map_err(super::io(folder))?;
    let output = |name: &str| Output { writer: None, path: folder.join(name) };
    let [mut episodes, mut turns, mut tokens] = ["episodes.parquet", "turns.parquet", "tokens.parquet"].map(output);
    let all = run.episodes(filter)?;
    // An empty table still has its columns.
    let groups: Vec<&[EpisodeSummary]> = if all.is_empty() { vec![&[]] } else { all.chunks(GROUP).collect() };
    for group in groups {
        let records = group.iter().map(|summary| run.record(summary)).collect::<Result<Vec<_>>>()?;
        episodes.write(episode_table(group, &records))?;
        turns.write(turn_table(group, &records))?;
        tokens.write(token_table(group, &records))?;
    }
    episodes.close()?;
    turns.close()?;
    tokens.close()?;
    Ok(all.len() as u64)
}

fn text(text: &str) -> ByteArray {
    ByteArray::from(text.as_bytes().to_vec())
}

fn json(value: &impl serde::Serialize) -> ByteArray {
    ByteArray::from(serde_json::to_vec(value).expect("our own types serialize"))
}

fn episode_table(summaries: &[EpisodeSummary], records: &[EpisodeRecord]) -> Table {
    let texts = |of: &dyn Fn(&EpisodeSummary) -> &str| Column::Text(summaries.iter().map(|s| text(of(s))).collect());
    let numbers =
        |of: &dyn Fn(&EpisodeSummary) -> u32| Column::Integer(summaries.iter().map(|s| of(s) as i32).collect());
    vec![
        ("episode", texts(&|s| &s.name)),
        ("arm", texts(&|s| &s.key.arm)),
        ("stage", texts(&|s| stage_name(s.key.stage))),
        ("round", numbers(&|s| s.key.round)),
        ("env", texts(&|s| &s.key.task.env)),
        ("split", texts(&|s| &s.key.task.split)),
        ("task", numbers(&|s| s.key.task.index)),
        ("seed", Column::Long(summaries.iter().map(|s| s.key.task.seed.cast_signed()).collect())),
        ("replica", numbers(&|s| s.key.replica)),
        ("task_id", texts(&|s| &s.task_id)),
        ("category", texts(&|s| &s.category)),
        ("scenario", texts(&|s| &s.scenario)),
        ("interface", texts(&|s| &s.interface)),
        ("agent", Column::Text(records.iter().map(|record| text(&record.episode.agent)).collect())),
        ("reward", Column::MaybeDouble(summaries.iter().map(|s| s.reward).collect())),
        ("ending", texts(&|s| &s.ending)),
        ("fault", Column::MaybeText(summaries.iter().map(|s| s.boundary.as_deref().map(text)).collect())),
        ("first_failing", Column::MaybeInteger(summaries.iter().map(|s| s.first_failing.map(|t| t as i32)).collect())),
        ("turns", numbers(&|s| s.turns)),
        ("steps", numbers(&|s| s.steps)),
        ("tokens", numbers(&|s| s.tokens)),
        ("sampled_tokens", numbers(&|s| s.sampled_tokens)),
        ("advantage", Column::MaybeDouble(summaries.iter().map(|s| s.advantage).collect())),
    ]
}

fn turn_table(summaries: &[EpisodeSummary], records: &[EpisodeRecord]) -> Table {
    let (mut names, mut numbers, mut users, mut texts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut outcomes, mut labels, mut cascaded) = (Vec::new(), Vec::new(), Vec::new());
    let (mut failures, mut details, mut weights, mut advantages) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (summary, record) in summaries.iter().zip(records) {
        for (number, turn) in record.episode.turns.iter().enumerate() {
            names.push(text(&summary.name));
            numbers.push(number as i32);
            users.push(text(&turn.user));
            texts.push(json(&turn.steps.iter().map(|step| &step.text).collect::<Vec<_>>()));
            outcomes.push(json(&turn.steps.iter().map(|step| &step.outcome).collect::<Vec<_>>()));
            let diagnosed = record.diagnosis.as_ref().and_then(|diagnosis| diagnosis.turns.get(number));
            labels.push(diagnosed.map(|turn| text(turn.label.name())));
            cascaded.push(diagnosed.and_then(|turn| turn.cascaded_from).map(|turn| turn as i32));
            let verdict = match &record.verdict {
                Verdict::Scored { turns, .. } => turns.get(number),
                Verdict::Unscored(_) => None,
            };
            let failure = verdict.and_then(|verdict| verdict.failure);
            failures.push(failure.map(|failure| text(json(&failure).as_utf8().unwrap_or("").trim_matches('"'))));
            details.push(verdict.map(|verdict| text(&verdict.detail)));
            weights.push(record.training.as_ref().and_then(|training| training.per_turn.get(number)).copied());
            advantages.push(record.training.as_ref().map(|training| training.of_turn(number)));
            before.push(turn.state_hash_before.cast_signed());
            after.push(turn.state_hash_after().cast_signed());
        }
    }
    vec![
        ("episode", Column::Text(names)),
        ("turn", Column::Integer(numbers)),
        ("user", Column::Text(users)),
        ("texts", Column::Text(texts)),
        ("outcomes", Column::Text(outcomes)),
        ("label", Column::MaybeText(labels)),
        ("cascaded_from", Column::MaybeInteger(cascaded)),
        ("failure", Column::MaybeText(failures)),
        ("detail", Column::MaybeText(details)),
        ("weight", Column::MaybeDouble(weights)),
        ("advantage", Column::MaybeDouble(advantages)),
        ("state_hash_before", Column::Long(before)),
        ("state_hash_after", Column::Long(after)),
    ]
}

fn token_table(summaries: &[EpisodeSummary], records: &[EpisodeRecord]) -> Table {
    let traces = || records.iter().map(|record| &record.episode.tokens);
    let spread = |of: &dyn Fn(StepCredit) -> f64| {
        let list = |record: &EpisodeRecord| {
            let tokens = &record.episode.tokens;
            let places = tokens.turn.iter().zip(&tokens.step);
            let value = |(action, (turn, step)): (&bool, (&u16, &u16))| match &record.training {
                Some(training) if *action => of(training.credit(usize::from(*turn), usize::from(*step))) as f32,
                _ => 0.0,
            };
            tokens.action.iter().zip(places).map(value).collect()
        };
        Column::Floats(records.iter().map(list).collect())
    };
    let places = |of: &dyn Fn(&coevo_core::episode::TokenTrace) -> &[u16]| {
        Column::Integers(traces().map(|trace| of(trace).iter().map(|at| i32::from(*at)).collect()).collect())
    };
    vec![
        ("episode", Column::Text(summaries.iter().map(|summary| text(&summary.name)).collect())),
        ("ids", Column::Integers(traces().map(|t| t.ids.iter().map(|id| id.cast_signed()).collect()).collect())),
        ("log_probs", Column::Floats(traces().map(|trace| trace.log_probs.clone()).collect())),
        ("loss_mask", Column::Flags(traces().map(|trace| trace.action.clone()).collect())),
        ("advantages", spread(&|credit| credit.advantage * credit.weight)),
        ("weights", spread(&|credit| credit.weight)),
        ("turn", places(&|trace| &trace.turn)),
        ("step", places(&|trace| &trace.step)),
    ]
}
