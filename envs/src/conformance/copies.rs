//! Snapshots: a restored instance cannot be told from the one it was taken from, now or later.

use coevo_core::episode::Fault;
use coevo_core::task::{Side, ToolCall, UserMessage};
use serde_json::Value;

use super::player::{Player, key, shown};
use super::watch::canonical;
use super::{Check, Tally};
use crate::sandbox::{Slots, ToolReply, World};

/// Points of an episode at which it is copied.
const POINTS: usize = 6;

/// What can be seen of an instance.
#[derive(PartialEq)]
struct Seen {
    hash: u64,
    state: String,
}

fn seen(world: &mut World) -> Result<Seen, Fault> {
    let text = world.state()?;
    let state = serde_json::from_str::<Value>(&text).map_or(text, |value| canonical(&value));
    Ok(Seen { hash: world.state_hash()?, state })
}

/// What a call answered, as text.
fn made(world: &mut World, call: &ToolCall) -> Result<String, Fault> {
    Ok(match world.call(&call.name, &call.arguments.to_string(), Side::Agent)? {
        ToolReply::Result(text) => text,
        ToolReply::Error(error) => format!("error {}: {} {}", error.code, error.message, error.details),
    })
}

/// Copies the reference episode of every sample at several points, into fresh and into used instances, and plays the rest
/// on in both.
pub(super) fn snapshots(player: &mut Player<'_>) -> Check {
    let mut tally = Tally::default();
    let (mut copies, mut without) = (0, None);
    for at in 0..player.samples.len() {
        let task = &player.samples[at].task;
        if task.public.turns.iter().any(|turn| turn.message == UserMessage::Simulated) {
            tally.note(format!("{}: its user is simulated; forks of it are tried when it is played", task.public.id));
            continue;
        }
        match sample(player, at, &mut tally, &mut copies) {
            Ok(Some(why)) => without = Some(why),
            Ok(None) => {}
            Err(fault) => {
                let value = format!("{}: {}", fault.during, fault.message);
                tally.find(task.public.id.clone(), value, "copying an episode must not fault");
            }
        }
    }
    let claim = "snapshot and restore keep everything: equal now, equal futures";
    let tried = match (copies, without) {
        (0, Some(why)) => format!("there are none ({why}): forks play the recorded calls again"),
        _ => format!("{copies} copies, each played to the end beside its original"),
    };
    tally.close("snapshots", claim, tried, copies == 0)
}

/// Returns why there are no snapshots, if the guest says so.
fn sample(player: &mut Player<'_>, at: usize, tally: &mut Tally, copies: &mut usize) -> Result<Option<String>, Fault> {
    let task = &player.samples[at].task;
    let id = &task.public.id;
    let calls: Vec<&ToolCall> = task.hidden.reference.iter().flat_map(|turn| &turn.calls).collect();
    let step = (calls.len() + 1).div_ceil(POINTS).max(1);
    let mut used: Option<World> = None;
    for point in (0..=calls.len()).step_by(step) {
        let mut world = player.plugin.world(Slots::Small, key())?;
        world.reset(&task.public.initial_state)?;
        player.watch.task_fuel(world.fuel_used, "reset", id);
        for call in &calls[..point] {
            made(&mut world, call)?;
        }
        let place = format!("{id}, after {point} calls");
        let before = seen(&mut world)?;
        let snapshot = match world.snapshot()? {
            Ok(snapshot) => snapshot,
            Err(why) => return Ok(Some(why)),
        };
        if world.snapshot()?.as_ref() != Ok(&snapshot) || seen(&mut world)? != before {
            tally.find(
                place.clone(),
                "a second snapshot differs from the first, or the state does",
                "let `snapshot` change nothing",
            );
        }
        let fresh = player.plugin.world(Slots::Small, key())?;
        for (kind, copy) in [("a fresh", Some(fresh)), ("a used", used.take())] {
            let Some(mut copy) = copy else { continue };
            *copies += 1;
            // The host's side of a copy continues the original's, as a fork does.
            copy.host_mut().continue_from(world.host());
            if let Err(why) = copy.restore(&snapshot)? {
                tally.find(
                    place.clone(),
                    format!("{kind} instance refuses the snapshot: {why}"),
                    "restore what `snapshot` gives",
                );
                continue;
            }
            let after = seen(&mut copy)?;
            if after != before {
                let value = format!(
                    "{kind} instance restored to another state: hash {:016x} for {:016x}, {}",
                    after.hash,
                    before.hash,
                    apart(&before.state, &after.state)
                );
                tally.find(place.clone(), value, "put all of the state into the snapshot, and replace all of it");
                continue;
            }
            if copy.snapshot()?.as_ref() != Ok(&snapshot) {
                tally.find(
                    place.clone(),
                    format!("{kind} restored instance gives other snapshot bytes"),
                    "write a snapshot in one form only",
                );
            }
            if let Some(value) = futures(player, at, &world, copy, &calls[point..])? {
                tally.find(
                    place.clone(),
                    format!("in {kind} instance: {value}"),
                    "put all that decides later results into the snapshot",
                );
            }
        }
        damaged(player, &snapshot, &place, tally)?;
        used = Some(world);
    }
    Ok(None)
}

/// Plays `rest` in the original (a second run of it, so that it can be compared more than once) and in the copy.
fn futures(
    player: &Player<'_>,
    at: usize,
    world: &World,
    mut copy: World,
    rest: &[&ToolCall],
) -> Result<Option<String>, Fault> {
    let task = &player.samples[at].task;
    let calls: Vec<&ToolCall> = task.hidden.reference.iter().flat_map(|turn| &turn.calls).collect();
    let mut original = player.plugin.world(Slots::Small, key())?;
    original.reset(&task.public.initial_state)?;
    for call in &calls[..calls.len() - rest.len()] {
        made(&mut original, call)?;
    }
    debug_assert_eq!(original.host().now_ms, world.host().now_ms);
    // The rest of the reference, and then all of it once more: what a snapshot forgot often shows late.
    for call in rest.iter().chain(&calls) {
        let (one, two) = (made(&mut original, call)?, made(&mut copy, call)?);
        if one != two {
            return Ok(Some(format!("{} gives {two}, without the copy {one}", shown(call))));
        }
        if original.state_hash()? != copy.state_hash()? {
            return Ok(Some(format!("after {} the states differ", shown(call))));
        }
    }
    Ok(None)
}

/// A snapshot that was cut short is refused with an error.
fn damaged(player: &Player<'_>, snapshot: &[u8], place: &str, tally: &mut Tally) -> Result<(), Fault> {
    let Some((_, cut)) = snapshot.split_last() else { return Ok(()) };
    let mut world = player.plugin.world(Slots::Small, key())?;
    match world.restore(cut) {
        Ok(Err(_)) => {}
        Ok(Ok(())) => {
            tally.find(place, "a snapshot without its last byte is restored", "check that the whole snapshot was read")
        }
        Err(fault) => tally.find(place, format!("a cut snapshot: {}", fault.message), "return an error from `restore`"),
    }
    Ok(())
}

/// Where two texts part.
fn apart(one: &str, two: &str) -> String {
    let at = one.bytes().zip(two.bytes()).take_while(|(a, b)| a == b).count();
    let from = (0..=at.saturating_sub(20))
        .rev()
        .find(|at| one.is_char_boundary(*at) && two.is_char_boundary(*at))
        .unwrap_or(0);
    let part = |text: &str| text[from..].chars().take(60).collect::<String>();
    format!("state …{}… became …{}…", part(one), part(two))
}
