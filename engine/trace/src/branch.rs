//! Branches: episodes that continue another one from some step on, kept beside it with their parent.
//!
//! They belong to whoever looks at a run, not to the run: no commit hashes them, no export and no table counts them.

use rusqlite::{OptionalExtension, Row, params};

use crate::commit::body;
use crate::error::{Result, TraceError};
use crate::folder::RunFile;
use crate::payload::{Kind, Packer};
use crate::query::EpisodeSummary;
use crate::record::EpisodeRecord;

/// Where a branch leaves its parent, who went on, and what came of it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Branch {
    /// Within the episode, from 1; `EPISODE~2` names the second.
    pub number: u32,
    /// The branch that it leaves; `None` where it leaves the episode itself.
    pub parent: Option<u32>,
    /// The first step that is its own: user turn and step within it, from 0.
    pub turn: usize,
    pub step: usize,
    /// Who went on, such as `oracle` or `@book_flight {…}, then recorded`.
    pub how: String,
    pub reward: Option<f64>,
    pub first_failing: Option<usize>,
    pub turns: usize,
    pub steps: usize,
}

/// A branch to be kept.
#[derive(Clone, Debug)]
pub struct NewBranch<'a> {
    pub parent: Option<u32>,
    pub turn: usize,
    pub step: usize,
    pub how: &'a str,
    pub record: &'a EpisodeRecord,
}

const BRANCH: &str = "branches.number, parent.number, branches.turn, branches.step, branches.how, branches.reward, \
                      branches.first_failing, branches.turns, branches.steps";
const FROM: &str = "FROM branches LEFT JOIN branches AS parent ON parent.id = branches.parent";

fn branch(row: &Row<'_>) -> rusqlite::Result<Branch> {
    let count = |column: usize| row.get::<_, u32>(column).map(|count| count as usize);
    Ok(Branch {
        number: row.get(0)?,
        parent: row.get(1)?,
        turn: count(2)?,
        step: count(3)?,
        how: row.get(4)?,
        reward: row.get(5)?,
        first_failing: row.get::<_, Option<u32>>(6)?.map(|turn| turn as usize),
        turns: count(7)?,
        steps: count(8)?,
    })
}

/// `EPISODE~2` as the episode and the number of its branch.
pub fn split_branch(id: &str) -> (&str, Option<u32>) {
    match id.rsplit_once('~') {
        Some((episode, number)) => number.parse().map_or((id, None), |number| (episode, Some(number))),
        None => (id, None),
    }
}

impl RunFile {
    /// Keeps a branch of an episode and returns its number. The run must have been opened to write or to annotate.
    ///
    /// # Errors
    /// [`TraceError::NoEpisode`] where the parent is not there; SQLite errors.
    pub fn add_branch(&mut self, episode: &EpisodeSummary, new: &NewBranch<'_>) -> Result<u32> {
        let payload = Packer::with(&self.dictionaries).raw(Kind::Body, &body(new.record));
        // Immediate: two people who fork at once must not take the same number.
        let transaction = self.db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let parent: Option<i64> = match new.parent {
            None => None,
            Some(number) => {
                let sql = "SELECT id FROM branches WHERE episode = ?1 AND number = ?2";
                let found = transaction.query_row(sql, params![episode.row, number], |row| row.get(0)).optional()?;
                let missing = || TraceError::NoEpisode { episode: format!("{}~{number}", episode.name) };
                Some(found.ok_or_else(missing)?)
            }
        };
        let sql = "SELECT 1 + ifnull(max(number), 0) FROM branches WHERE episode = ?1";
        let number: u32 = transaction.query_row(sql, [episode.row], |row| row.get(0))?;
        let EpisodeRecord { episode: played, verdict, diagnosis, .. } = new.record;
        let steps: usize = played.turns.iter().map(|turn| turn.steps.len()).sum();
        transaction.execute(
            "INSERT INTO branches (episode, number, parent, turn, step, how, reward, first_failing, turns, steps, body, \
             body_hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                episode.row,
                number,
                parent,
                new.turn as i64,
                new.step as i64,
                new.how,
                verdict.reward(),
                diagnosis.as_ref().and_then(|diagnosis| diagnosis.first_failing).map(|turn| turn as i64),
                played.turns.len() as i64,
                steps as i64,
                payload.bytes,
                payload.hash,
            ],
        )?;
        transaction.commit()?;
        Ok(number)
    }

    /// The branches of an episode, in the order of making.
    pub fn branches(&self, episode: &EpisodeSummary) -> Result<Vec<Branch>> {
        if self.format < 2 {
            return Ok(Vec::new());
        }
        let sql = format!("SELECT {BRANCH} {FROM} WHERE branches.episode = ?1 ORDER BY branches.number");
        self.list(&sql, [episode.row], branch)
    }

    /// The record of a branch; it has no tokens.
    ///
    /// # Errors
    /// [`TraceError::NoEpisode`]; [`TraceError::Payload`] where it is damaged.
    pub fn branch(&self, episode: &EpisodeSummary, number: u32) -> Result<EpisodeRecord> {
        let name = || format!("{}~{number}", episode.name);
        if self.format < 2 {
            return Err(TraceError::NoEpisode { episode: name() });
        }
        let sql = "SELECT body, body_hash FROM branches WHERE episode = ?1 AND number = ?2";
        let found = self.db.query_row(sql, params![episode.row, number], |row| Ok((row.get(0)?, row.get(1)?)));
        let (bytes, hash): (Vec<u8>, _) = found.optional()?.ok_or_else(|| TraceError::NoEpisode { episode: name() })?;
        self.unpacker.json(Kind::Body, &bytes, hash, || format!("branch {}", name()))
    }

    /// The record of an episode, or of a branch of one such as `coevo/r003/train/0012/4~2`, with the episode it belongs to.
    ///
    /// # Errors
    /// As [`Self::episode`] and [`Self::branch`].
    pub fn record_of(&self, id: &str) -> Result<(EpisodeSummary, EpisodeRecord)> {
        let (name, number) = split_branch(id);
        let summary = self.find_episode(name)?;
        let record = match number {
            None => self.record(&summary)?,
            Some(number) => self.branch(&summary, number)?,
        };
        Ok((summary, record))
    }
}
