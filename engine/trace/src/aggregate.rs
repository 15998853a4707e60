//! What a whole run amounts to, counted inside SQLite: no payload is unpacked, so 100,000 episodes take a second.

use std::collections::{BTreeMap, BTreeSet};

use coevo_core::episode::Stage;
use rusqlite::Row;

use crate::error::Result;
use crate::folder::RunFile;
use crate::query::stage_of;

/// Episodes of one arm, stage, round and category.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    pub arm: String,
    pub stage: Stage,
    pub round: u32,
    pub category: String,
    pub episodes: u32,
    /// Episodes that a fault did not leave without a verdict.
    pub scored: u32,
    /// Scored with a reward of at least 1.
    pub passed: u32,
    /// Sums over all episodes, unscored ones included.
    pub turns: u64,
    pub steps: u64,
    pub tokens: u64,
    pub sampled_tokens: u64,
}

/// Turns of one arm, stage and round with one dominant label.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelTally {
    pub arm: String,
    pub stage: Stage,
    pub round: u32,
    pub label: String,
    pub turns: u32,
    /// Of them, those that an earlier turn explains.
    pub cascaded: u32,
}

/// A turn that carries a label.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledTurn {
    pub label: String,
    pub episode: String,
    pub arm: String,
    pub stage: Stage,
    pub round: u32,
    /// From 0.
    pub turn: u32,
    pub cascaded: bool,
    pub steps: u32,
}

/// Label counts with the turns that show each label best.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels {
    pub tallies: Vec<LabelTally>,
    /// For each label: roots before cascaded turns, test before other stages, late rounds before early ones, short
    /// episodes before long ones; at most one of an arm until every arm has one.
    pub examples: BTreeMap<String, Vec<LabelledTurn>>,
}

/// How the rewards of a training round spread inside its groups.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    pub arm: String,
    pub round: u32,
    /// Tasks with a scored episode.
    pub groups: u32,
    /// Groups whose rewards differ: the ones that teach.
    pub mixed: u32,
    /// Population variance of the reward inside a group, averaged over the groups.
    pub mean_variance: f64,
}

/// Episodes that met a fault.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultTally {
    pub arm: String,
    pub stage: Stage,
    pub round: u32,
    pub boundary: String,
    pub episodes: u32,
}

/// Rewards of the same dev tasks without and with the evolved cues.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Probe {
    pub without: Vec<f64>,
    pub with: Vec<f64>,
}

impl RunFile {
    /// Episodes, success and lengths by arm, stage, round and category.
    pub fn tallies(&self) -> Result<Vec<Tally>> {
        let sql = "SELECT arm, stage, round, category, count(*), count(reward), coalesce(sum(reward >= 1.0), 0), \
                   sum(turns), sum(steps), sum(tokens), sum(sampled_tokens) \
                   FROM episodes GROUP BY arm, stage, round, category ORDER BY arm, stage, round, category";
        self.list(sql, [], |row| {
            Ok(Tally {
                arm: row.get(0)?,
                stage: stage_of(row.get(1)?),
                round: row.get(2)?,
                category: row.get(3)?,
                episodes: row.get(4)?,
                scored: row.get(5)?,
                passed: row.get(6)?,
                turns: number(row, 7)?,
                steps: number(row, 8)?,
                tokens: number(row, 9)?,
                sampled_tokens: number(row, 10)?,
            })
        })
    }

    /// Counts every label, and picks at most `examples` turns for each.
    pub fn label_tallies(&self, examples: usize) -> Result<Labels> {
        let sql = "SELECT arm, stage, round, label, count(*), sum(cascaded) FROM labels \
                   JOIN episodes ON episodes.id = labels.episode \
                   GROUP BY arm, stage, round, label ORDER BY arm, stage, round, label";
        let tallies: Vec<LabelTally> = self.list(sql, [], |row| {
            Ok(LabelTally {
                arm: row.get(0)?,
                stage: stage_of(row.get(1)?),
                round: row.get(2)?,
                label: row.get(3)?,
                turns: row.get(4)?,
                cascaded: row.get(5)?,
            })
        })?;
        // The best stage and round that has the label is known from the counts: only its episodes are searched.
        let labels: BTreeSet<&str> = tallies.iter().map(|tally| tally.label.as_str()).collect();
        let found = labels
            .into_iter()
            .map(|label| Ok((label.to_owned(), self.examples(label, &tallies, examples)?)))
            .collect::<Result<_>>()?;
        Ok(Labels { tallies, examples: found })
    }

    fn examples(&self, label: &str, tallies: &[LabelTally], most: usize) -> Result<Vec<LabelledTurn>> {
        let sql = "SELECT name, turn, cascaded, steps FROM episodes JOIN labels ON labels.episode = episodes.id \
                   WHERE arm = ?1 AND stage = ?2 AND round = ?3 AND label = ?4 \
                   ORDER BY cascaded, steps, episodes.task_index, episodes.replica, turn LIMIT ?5";
        let mut places: Vec<&LabelTally> = tallies.iter().filter(|tally| tally.label == label).collect();
        places.sort_by_key(|tally| {
            let roots = tally.turns > tally.cascaded;
            (!roots, tally.stage != Stage::Test, std::cmp::Reverse(tally.round), tally.stage)
        });
        let mut by_arm: BTreeMap<&str, Vec<LabelledTurn>> = BTreeMap::new();
        for place in places {
            let turns = by_arm.entry(&place.arm).or_default();
            if turns.len() >= most {
                continue;
            }
            let wanted = (most - turns.len()) as i64;
            let params = rusqlite::params![place.arm, place.stage as i64, place.round, label, wanted];
            turns.extend(self.list(sql, params, |row| {
                Ok(LabelledTurn {
                    label: label.to_owned(),
                    episode: row.get(0)?,
                    arm: place.arm.clone(),
                    stage: place.stage,
                    round: place.round,
                    turn: row.get(1)?,
                    cascaded: row.get(2)?,
                    steps: row.get(3)?,
                })
            })?);
        }
        let mut dealt = Vec::new();
        for nth in 0..most {
            dealt.extend(by_arm.values().filter_map(|turns| turns.get(nth)).cloned());
        }
        dealt.truncate(most);
        Ok(dealt)
    }

    /// Spread of the rewards inside the groups of every training round.
    pub fn spreads(&self) -> Result<Vec<Spread>> {
        let sql = "SELECT arm, round, count(*), sum(low < high), avg(variance) FROM ( \
                   SELECT arm, round, min(reward) AS low, max(reward) AS high, \
                   avg(reward * reward) - avg(reward) * avg(reward) AS variance \
                   FROM episodes WHERE stage = ?1 AND reward IS NOT NULL GROUP BY arm, round, task_index, task_seed) \
                   GROUP BY arm, round ORDER BY arm, round";
        self.list(sql, [Stage::Train as i64], |row| {
            let variance: f64 = row.get(4)?;
            Ok(Spread {
                arm: row.get(0)?,
                round: row.get(1)?,
                groups: row.get(2)?,
                mixed: row.get(3)?,
                mean_variance: variance.max(0.0),
            })
        })
    }

    /// Episodes that met a fault, by boundary.
    pub fn fault_tallies(&self) -> Result<Vec<FaultTally>> {
        let sql = "SELECT arm, stage, round, boundary, count(*) FROM episodes WHERE boundary IS NOT NULL \
                   GROUP BY arm, stage, round, boundary ORDER BY arm, stage, round, boundary";
        self.list(sql, [], |row| {
            Ok(FaultTally {
                arm: row.get(0)?,
                stage: stage_of(row.get(1)?),
                round: row.get(2)?,
                boundary: row.get(3)?,
                episodes: row.get(4)?,
            })
        })
    }

    /// By arm and round: the dev tasks that were scored both with the base interface and with the evolved one.
    pub fn probes(&self) -> Result<BTreeMap<(String, u32), Probe>> {
        let sql = "SELECT dev.arm, dev.round, dev.reward, probe.reward FROM episodes AS dev JOIN episodes AS probe \
                   ON probe.arm = dev.arm AND probe.stage = ?2 AND probe.round = dev.round \
                   AND probe.task_index = dev.task_index AND probe.task_seed = dev.task_seed AND probe.replica = dev.replica \
                   WHERE dev.stage = ?1 AND dev.reward IS NOT NULL AND probe.reward IS NOT NULL \
                   ORDER BY dev.arm, dev.round, dev.task_index, dev.task_seed, dev.replica";
        let rows = self.list(sql, [Stage::Dev as i64, Stage::Probe as i64], |row| {
            Ok(((row.get(0)?, row.get(1)?), row.get::<_, f64>(2)?, row.get::<_, f64>(3)?))
        })?;
        let mut found: BTreeMap<(String, u32), Probe> = BTreeMap::new();
        for (key, without, with) in rows {
            let probe = found.entry(key).or_default();
            probe.without.push(without);
            probe.with.push(with);
        }
        Ok(found)
    }
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.max(0).cast_unsigned())
}
