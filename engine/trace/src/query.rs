//! Reading a run: commits, episodes, interfaces, lineage, evaluations, metrics.

use std::collections::BTreeMap;

use coevo_core::episode::{EpisodeKey, Stage};
use coevo_core::id::ContentId;
use coevo_core::interface::{Interface, LineageNode};
use coevo_core::label::Label;
use coevo_core::task::{PublicTask, TaskRef};
use rusqlite::types::Value as Sql;
use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value;

use crate::commit::{CommitBody, boundary, boundary_name, ending_name};
use crate::error::{Result, TraceError};
use crate::expr::{Expr, ExprError, Field};
use crate::folder::RunFile;
use crate::payload::{Checksum, Kind};
use crate::record::{CommitKey, EpisodeRecord, Evaluation, Phase, STAGES, episode_name, name_without_seed};
use crate::tokens;

/// Which episodes; every field that is set must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EpisodeFilter {
    pub arm: Option<String>,
    pub stage: Option<Stage>,
    pub round: Option<u32>,
    pub task_index: Option<u32>,
    pub replica: Option<u32>,
    pub category: Option<String>,
    /// Some turn has this dominant label.
    pub label: Option<Label>,
    /// Scored, with at least this reward.
    pub min_reward: Option<f64>,
    /// Scored, with at most this reward.
    pub max_reward: Option<f64>,
    /// Only unscored episodes, or only scored ones.
    pub unscored: Option<bool>,
    /// Passes the expression.
    pub matching: Option<Expr>,
    /// The order; by arm, stage, round, task and replica where it leaves a choice.
    pub sort: Vec<Sort>,
    /// At most so many.
    pub limit: Option<u32>,
}

/// One key of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Sort {
    field: &'static Field,
    descending: bool,
}

impl Sort {
    /// Reads keys such as `-reward,round`; a minus sign means descending.
    ///
    /// # Errors
    /// An unknown field, or one that an episode can have several of.
    pub fn parse(text: &str) -> std::result::Result<Vec<Self>, ExprError> {
        let mut start = 0;
        let mut keys = Vec::new();
        for part in text.split(',') {
            let length = part.chars().count();
            let name = part.trim();
            let (descending, name) = name.strip_prefix('-').map_or((false, name), |name| (true, name));
            let field = crate::expr::sort_field(text, (start, start + length), name)?;
            keys.push(Self { field, descending });
            start += length + 1;
        }
        Ok(keys)
    }
}

/// An episode's row, without what was said in it.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeSummary {
    /// Row number; unlike the name it may differ between equal runs.
    pub row: i64,
    /// Such as `coevo/r003/train/0012/4`.
    pub name: String,
    pub key: EpisodeKey,
    pub task_id: String,
    pub category: String,
    pub scenario: String,
    /// Id of the interface it was shown with.
    pub interface: String,
    /// `None` where unscored.
    pub reward: Option<f64>,
    /// `terminated`, `truncated` or `faulted`.
    pub ending: String,
    /// Boundary of the fault, if there was one.
    pub boundary: Option<String>,
    pub first_failing: Option<u32>,
    pub turns: u32,
    pub steps: u32,
    pub tokens: u32,
    pub sampled_tokens: u32,
    pub advantage: Option<f64>,
}

/// A commit, without its episodes.
#[derive(Clone, Debug, PartialEq)]
pub struct CommitRecord {
    pub key: CommitKey,
    pub lineage: Vec<LineageNode>,
    pub profile: Option<Value>,
    pub evaluations: Vec<Evaluation>,
    pub metrics: BTreeMap<String, f64>,
    /// Opaque: what the loop needs to go on.
    pub state: Vec<u8>,
    /// BLAKE3 over everything committed, timings excepted.
    pub content: String,
}

impl EpisodeSummary {
    /// The row of a record.
    pub(crate) fn of(record: &EpisodeRecord, row: i64) -> Self {
        let EpisodeRecord { episode, verdict, diagnosis, training } = record;
        let steps: usize = episode.turns.iter().map(|turn| turn.steps.len()).sum();
        let first_failing = diagnosis.as_ref().and_then(|diagnosis| diagnosis.first_failing);
        Self {
            row,
            name: episode_name(&episode.key),
            key: episode.key.clone(),
            task_id: episode.task_id.clone(),
            category: episode.category.clone(),
            scenario: episode.scenario.clone(),
            interface: episode.interface.as_str().to_owned(),
            reward: verdict.reward(),
            ending: ending_name(&episode.ending).to_owned(),
            boundary: boundary(record).map(boundary_name),
            first_failing: first_failing.map(|turn| turn as u32),
            turns: episode.turns.len() as u32,
            steps: steps as u32,
            tokens: episode.tokens.ids.len() as u32,
            sampled_tokens: episode.tokens.action.iter().filter(|action| **action).count() as u32,
            advantage: training.as_ref().map(|training| training.advantage),
        }
    }

    /// The first column in which two rows differ.
    fn differs(&self, other: &Self) -> Option<&'static str> {
        let same = [
            ("name", self.name == other.name),
            ("arm, stage, round, task or replica", self.key == other.key),
            ("task_id", self.task_id == other.task_id),
            ("category", self.category == other.category),
            ("scenario", self.scenario == other.scenario),
            ("interface", self.interface == other.interface),
            ("reward", self.reward == other.reward),
            ("ending", self.ending == other.ending),
            ("boundary", self.boundary == other.boundary),
            ("first_failing", self.first_failing == other.first_failing),
            ("turns", self.turns == other.turns),
            ("steps", self.steps == other.steps),
            ("tokens", self.tokens == other.tokens),
            ("sampled_tokens", self.sampled_tokens == other.sampled_tokens),
            ("advantage", self.advantage == other.advantage),
        ];
        same.into_iter().find(|(_, same)| !same).map(|(name, _)| name)
    }
}

pub(crate) const SUMMARY: &str = "id, name, arm, stage, round, env, split, task_index, task_seed, replica, task_id, category, scenario, \
                       interface, reward, ending, boundary, first_failing, turns, steps, tokens, sampled_tokens, advantage";
/// Arm, stage, round, environment, task, replica: the order of exports.
const ORDER: &str = "arm, stage, round, env, task_index, task_seed, replica";

pub(crate) fn stage_of(number: i64) -> Stage {
    STAGES[usize::try_from(number).unwrap_or(0).min(STAGES.len() - 1)]
}

fn phase_of(number: i64) -> Phase {
    Phase::ALL[usize::try_from(number).unwrap_or(0).min(Phase::ALL.len() - 1)]
}

pub(crate) fn summary(row: &Row<'_>) -> rusqlite::Result<EpisodeSummary> {
    let task = TaskRef {
        env: row.get(5)?,
        split: row.get(6)?,
        index: row.get(7)?,
        seed: row.get::<_, i64>(8)?.cast_unsigned(),
    };
    let key =
        EpisodeKey { arm: row.get(2)?, stage: stage_of(row.get(3)?), round: row.get(4)?, task, replica: row.get(9)? };
    Ok(EpisodeSummary {
        row: row.get(0)?,
        name: row.get(1)?,
        key,
        task_id: row.get(10)?,
        category: row.get(11)?,
        scenario: row.get(12)?,
        interface: row.get(13)?,
        reward: row.get(14)?,
        ending: row.get(15)?,
        boundary: row.get(16)?,
        first_failing: row.get(17)?,
        turns: row.get(18)?,
        steps: row.get(19)?,
        tokens: row.get(20)?,
        sampled_tokens: row.get(21)?,
        advantage: row.get(22)?,
    })
}

impl EpisodeFilter {
    fn sql(&self) -> (String, Vec<Sql>) {
        let mut clauses = Vec::new();
        let mut values: Vec<Sql> = Vec::new();
        let mut add = |clause: &str, value: Option<Sql>| {
            if let Some(value) = value {
                values.push(value);
                clauses.push(clause.replace('?', &format!("?{}", values.len())));
            }
        };
        let number = |value: u32| Sql::Integer(i64::from(value));
        add("arm = ?", self.arm.clone().map(Sql::Text));
        add("stage = ?", self.stage.map(|stage| Sql::Integer(stage as i64)));
        add("round = ?", self.round.map(number));
        add("task_index = ?", self.task_index.map(number));
        add("replica = ?", self.replica.map(number));
        add("category = ?", self.category.clone().map(Sql::Text));
        let label = self.label.map(|label| Sql::Text(label.name().to_owned()));
        add("EXISTS (SELECT 1 FROM labels WHERE labels.episode = episodes.id AND label = ?)", label);
        add("reward >= ?", self.min_reward.map(Sql::Real));
        add("reward <= ?", self.max_reward.map(Sql::Real));
        add("(reward IS NULL) = ?", self.unscored.map(|unscored| Sql::Integer(i64::from(unscored))));
        let clauses = if clauses.is_empty() { "1".to_owned() } else { clauses.join(" AND ") };
        let clauses = match &self.matching {
            None => clauses,
            Some(expr) => format!("{clauses} AND {}", expr.sql(&mut values)),
        };
        let limit = self.limit.map_or(String::new(), |limit| format!(" LIMIT {limit}"));
        let keys = self.sort.iter().map(|key| {
            // Episodes that have no value come last, whichever way.
            let (column, way) = (key.field.column, if key.descending { " DESC" } else { "" });
            format!("{column} IS NULL, {column}{way}, ")
        });
        (format!("WHERE {clauses} ORDER BY {}{ORDER}{limit}", keys.collect::<String>()), values)
    }
}

impl RunFile {
    /// Arms that have a commit, in the order of their first one; shared stages such as `warm-start` are among them.
    pub fn arms(&self) -> Result<Vec<String>> {
        self.list("SELECT arm FROM commits GROUP BY arm ORDER BY min(id)", [], |row| row.get(0))
    }

    /// What is committed, in the order of committing.
    pub fn commits(&self) -> Result<Vec<CommitKey>> {
        self.list("SELECT arm, phase, round FROM commits ORDER BY id", [], commit_key)
    }

    /// Committed rounds of an arm, ascending.
    pub fn rounds(&self, arm: &str) -> Result<Vec<u32>> {
        let sql = "SELECT round FROM commits WHERE arm = ?1 AND phase = ?2 ORDER BY round";
        self.list(sql, params![arm, Phase::Round as i64], |row| row.get(0))
    }

    /// The newest commit of an arm.
    pub fn last_commit(&self, arm: &str) -> Result<Option<CommitRecord>> {
        let sql = "SELECT arm, phase, round FROM commits WHERE arm = ?1 ORDER BY id DESC LIMIT 1";
        match self.list(sql, [arm], commit_key)?.first() {
            Some(key) => self.commit_record(key),
            None => Ok(None),
        }
    }

    /// One commit; `None` where it was not made.
    ///
    /// # Errors
    /// [`TraceError::Payload`] where it is damaged.
    pub fn commit_record(&self, key: &CommitKey) -> Result<Option<CommitRecord>> {
        let sql = "SELECT id, payload, hash, state, state_hash, content FROM commits WHERE arm = ?1 AND phase = ?2 AND round = ?3";
        let mut query = self.db.prepare_cached(sql)?;
        let mut rows = query.query(params![key.arm, key.phase as i64, key.round])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let (id, content) = (row.get(0)?, row.get(5)?);
        let (payload, hash): (Vec<u8>, _) = (row.get(1)?, row.get(2)?);
        let body: CommitBody = self.unpacker.json(Kind::Other, &payload, hash, || key.to_string())?;
        let (state, hash): (Vec<u8>, _) = (row.get(3)?, row.get(4)?);
        let state = self.unpacker.unpack(Kind::Other, &state, hash, || format!("the state after {key}"))?;
        let metrics = self.pairs("SELECT name, value FROM metrics WHERE commit_id = ?1 ORDER BY name", id)?;
        let CommitBody { lineage, profile, evaluations } = body;
        Ok(Some(CommitRecord { key: key.clone(), lineage, profile, evaluations, metrics, state, content }))
    }

    /// Every mutation of an arm's interface up to its newest commit.
    pub fn lineage(&self, arm: &str) -> Result<Vec<LineageNode>> {
        let mut longest = Vec::new();
        for key in self.commits()?.into_iter().rev().filter(|key| key.arm == arm) {
            longest = self.commit_record(&key)?.map(|record| record.lineage).unwrap_or_default();
            if !longest.is_empty() {
                break;
            }
        }
        Ok(longest)
    }

    /// Every evaluation, in the order of committing.
    pub fn evaluations(&self) -> Result<Vec<(CommitKey, Evaluation)>> {
        let mut all = Vec::new();
        for key in self.commits()? {
            let record = self.commit_record(&key)?;
            let evaluations = record.map(|record| record.evaluations).unwrap_or_default();
            all.extend(evaluations.into_iter().map(|evaluation| (key.clone(), evaluation)));
        }
        Ok(all)
    }

    /// Metrics of every commit, in the order of committing.
    pub fn metrics(&self) -> Result<Vec<(CommitKey, BTreeMap<String, f64>)>> {
        let sql = "SELECT arm, phase, round, id FROM commits ORDER BY id";
        let commits = self.list(sql, [], |row| Ok((commit_key(row)?, row.get::<_, i64>(3)?)))?;
        let sql = "SELECT name, value FROM metrics WHERE commit_id = ?1 ORDER BY name";
        commits.into_iter().map(|(key, id)| Ok((key, self.pairs(sql, id)?))).collect()
    }

    /// Wall-clock times of every commit in ms; differ from run to run.
    pub fn timings_ms(&self) -> Result<Vec<(CommitKey, BTreeMap<String, f64>)>> {
        let sql = "SELECT arm, phase, round, id FROM commits ORDER BY id";
        let commits = self.list(sql, [], |row| Ok((commit_key(row)?, row.get::<_, i64>(3)?)))?;
        let sql = "SELECT name, elapsed_ms FROM timings WHERE commit_id = ?1 ORDER BY name";
        commits.into_iter().map(|(key, id)| Ok((key, self.pairs(sql, id)?))).collect()
    }

    /// Episodes that pass the filter, by arm, stage, round, task and replica.
    pub fn episodes(&self, filter: &EpisodeFilter) -> Result<Vec<EpisodeSummary>> {
        let (clauses, values) = self.clauses(filter)?;
        let sql = format!("SELECT {SUMMARY} FROM episodes {clauses}");
        self.list(&sql, rusqlite::params_from_iter(values), summary)
    }

    /// The episodes of one commit, in the order of writing.
    pub fn episodes_of(&self, key: &CommitKey) -> Result<Vec<EpisodeSummary>> {
        let sql = format!(
            "SELECT {SUMMARY} FROM episodes WHERE commit_id = \
             (SELECT id FROM commits WHERE arm = ?1 AND phase = ?2 AND round = ?3) ORDER BY id"
        );
        self.list(&sql, params![key.arm, key.phase as i64, key.round], summary)
    }

    /// How many episodes pass the filter.
    pub fn count(&self, filter: &EpisodeFilter) -> Result<u64> {
        let (clauses, values) = self.clauses(filter)?;
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM episodes {clauses})");
        let count: i64 = self.db.query_row(&sql, rusqlite::params_from_iter(values), |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    /// Stored bytes of all records and of all token traces.
    pub fn payload_bytes(&self) -> Result<(u64, u64)> {
        let sql = "SELECT ifnull(sum(length(body)), 0), ifnull(sum(length(trace)), 0) FROM episodes";
        let (body, trace): (i64, i64) = self.db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok((body.cast_unsigned(), trace.cast_unsigned()))
    }

    fn clauses(&self, filter: &EpisodeFilter) -> Result<(String, Vec<Sql>)> {
        let (clauses, values) = filter.sql();
        if self.format < 2 && clauses.contains(" FROM tools ") {
            let what = "tools and errors of calls".to_owned();
            return Err(TraceError::Old { folder: self.folder.display().to_string(), found: self.format, what });
        }
        Ok((clauses, values))
    }

    /// Labels of an episode's turns with whether they are cascaded.
    pub fn labels(&self, row: i64) -> Result<Vec<(String, bool)>> {
        let sql = "SELECT label, cascaded FROM labels WHERE episode = ?1 ORDER BY turn";
        self.list(sql, [row], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Finds an episode by its name or row number.
    ///
    /// # Errors
    /// [`TraceError::NoEpisode`].
    pub fn find_episode(&self, id: &str) -> Result<EpisodeSummary> {
        let row: i64 = id.parse().unwrap_or(-1);
        let find = |sql: String| self.db.query_row(&sql, params![id, row], summary).optional();
        match find(format!("SELECT {SUMMARY} FROM episodes WHERE name = ?1 OR id = ?2")) {
            Ok(Some(found)) => Ok(found),
            // An index can be damaged where the rows are whole: without it, before giving up. The plus sign means that.
            first => match find(format!("SELECT {SUMMARY} FROM episodes WHERE +name = ?1 OR id = ?2")) {
                Ok(Some(found)) => Ok(found),
                second => Err(match first.and(second) {
                    Ok(_) => TraceError::NoEpisode { episode: id.to_owned() },
                    Err(error) => error.into(),
                }),
            },
        }
    }

    /// The whole record of an episode, by its name or row number.
    ///
    /// # Errors
    /// [`TraceError::NoEpisode`]; [`TraceError::Payload`] where this one is damaged.
    pub fn episode(&self, id: &str) -> Result<EpisodeRecord> {
        self.record(&self.find_episode(id)?)
    }

    /// The whole record of an episode found before.
    ///
    /// # Errors
    /// [`TraceError::Payload`] where it is damaged.
    pub fn record(&self, summary: &EpisodeSummary) -> Result<EpisodeRecord> {
        let mut query =
            self.db.prepare_cached("SELECT body, body_hash, trace, trace_hash FROM episodes WHERE id = ?1")?;
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        let (body, body_hash, trace, trace_hash): (Vec<u8>, Checksum, Vec<u8>, Checksum) =
            query.query_row([summary.row], read)?;
        let what = || format!("episode {}", summary.name);
        let mut record: EpisodeRecord = self.unpacker.json(Kind::Body, &body, body_hash, what)?;
        let tokens = || format!("the tokens of episode {}", summary.name);
        let bytes = self.unpacker.unpack(Kind::Trace, &trace, trace_hash, tokens)?;
        let damaged = || TraceError::Payload { what: what(), reason: "its token trace cannot be read".into() };
        record.episode.tokens = tokens::decode(&bytes).ok_or_else(damaged)?;
        // Columns have no checksum of their own: they must say what the checked record says.
        let mut expected = EpisodeSummary::of(&record, summary.row);
        if self.format < 3 {
            expected.name = name_without_seed(&expected.key);
        }
        if expected.key != summary.key {
            let reason = format!("it holds {}", expected.name);
            return Err(TraceError::Payload { what: what(), reason });
        }
        if let Some(column) = expected.differs(summary) {
            let reason = format!("its column `{column}` was altered: the record itself says otherwise");
            return Err(TraceError::Payload { what: what(), reason });
        }
        Ok(record)
    }

    /// Every interface that an episode was stamped with, by id.
    pub fn interfaces(&self) -> Result<BTreeMap<ContentId, Interface>> {
        let sql = "SELECT id, payload, hash FROM interfaces ORDER BY id";
        let rows = self.list(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let mut all = BTreeMap::new();
        for (id, bytes, hash) in rows {
            let (id, bytes, hash): (String, Vec<u8>, Checksum) = (id, bytes, hash);
            let what = || format!("interface {id}");
            let interface: Interface = self.unpacker.json(Kind::Other, &bytes, hash, what)?;
            all.insert(interface.id().clone(), interface);
        }
        Ok(all)
    }

    /// The public part of a task; `None` where it was not recorded.
    pub fn task(&self, task: &TaskRef) -> Result<Option<PublicTask>> {
        let sql =
            "SELECT payload, hash FROM tasks WHERE env = ?1 AND split = ?2 AND task_index = ?3 AND task_seed = ?4";
        let mut query = self.db.prepare_cached(sql)?;
        let params = params![task.env, task.split, task.index, task.seed.cast_signed()];
        let found = query.query_row(params, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((bytes, hash)): Option<(Vec<u8>, Checksum)> = found else { return Ok(None) };
        self.unpacker.json(Kind::Other, &bytes, hash, || format!("task {} of {}", task.index, task.split)).map(Some)
    }

    pub(crate) fn list<T, P: rusqlite::Params>(
        &self,
        sql: &str,
        params: P,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut query = self.db.prepare_cached(sql)?;
        let rows = query.query_map(params, read)?;
        Ok(rows.collect::<rusqlite::Result<Vec<T>>>()?)
    }

    /// Name and number; SQLite keeps NaN as NULL.
    fn pairs(&self, sql: &str, id: i64) -> Result<BTreeMap<String, f64>> {
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, Option<f64>>(1)?.unwrap_or(f64::NAN)));
        Ok(self.list(sql, [id], read)?.into_iter().collect())
    }
}

fn commit_key(row: &Row<'_>) -> rusqlite::Result<CommitKey> {
    Ok(CommitKey { arm: row.get(0)?, phase: phase_of(row.get(1)?), round: row.get(2)? })
}
