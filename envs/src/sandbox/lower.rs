//! The records of a verdict as the canonical ABI lays them out in a guest's memory (`plugins/wit`): what the component's generated
//! bindings do, for a module by itself. A test holds both to equal verdicts in every shipped environment.
//!
//! A text or list is an address and a count; an option, variant or result is a byte and then, aligned, what it holds; an enum is a
//! byte; records are their fields in order, aligned to the largest of them.

use wasmtime::{Result, bail};

use super::bare::{Reader, Writer};
use crate::abi::types;

/// Bytes of a text, or of a list's place.
const PLACE: usize = 8;

/// Fields of one record, ready to be written.
#[derive(Default)]
struct Record(Vec<u8>);

impl Record {
    fn word(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn text(&mut self, writer: &mut Writer<'_>, text: &str) -> Result<()> {
        let (at, length) = writer.put(text.as_bytes())?;
        self.word(at);
        self.word(length);
        Ok(())
    }

    /// A text behind the byte that says whether it is there.
    fn optional(&mut self, writer: &mut Writer<'_>, text: Option<&str>, tag: u32) -> Result<()> {
        self.word(tag);
        match text {
            Some(text) => self.text(writer, text),
            None => {
                self.0.extend_from_slice(&[0; PLACE]);
                Ok(())
            }
        }
    }

    /// A list of records that take `size` bytes each.
    fn list<T>(
        &mut self,
        writer: &mut Writer<'_>,
        items: &[T],
        size: usize,
        lower: impl Fn(&mut Self, &mut Writer<'_>, &T) -> Result<()>,
    ) -> Result<()> {
        let at = writer.room(items.len() * size, 4)?;
        let mut entries = Self(Vec::with_capacity(items.len() * size));
        for (index, item) in items.iter().enumerate() {
            lower(&mut entries, writer, item)?;
            debug_assert_eq!(entries.0.len(), (index + 1) * size);
        }
        writer.write(at, &entries.0)?;
        self.word(at);
        self.word(items.len() as u32);
        Ok(())
    }

    fn texts(&mut self, writer: &mut Writer<'_>, texts: &[String]) -> Result<()> {
        self.list(writer, texts, PLACE, |out, writer, text| out.text(writer, text))
    }

    fn tool_call(&mut self, writer: &mut Writer<'_>, call: &types::ToolCall) -> Result<()> {
        self.text(writer, &call.name)?;
        self.text(writer, &call.arguments)
    }

    fn user_turn(&mut self, writer: &mut Writer<'_>, turn: &types::UserTurn) -> Result<()> {
        match &turn.message {
            types::UserMessage::Scripted(text) => self.optional(writer, Some(text), 0)?,
            types::UserMessage::Simulated => self.optional(writer, None, 1)?,
        }
        self.texts(writer, &turn.offered)
    }

    fn reference_turn(&mut self, writer: &mut Writer<'_>, turn: &types::ReferenceTurn) -> Result<()> {
        self.list(writer, &turn.calls, 2 * PLACE, Self::tool_call)?;
        self.text(writer, &turn.answer)?;
        self.list(writer, &turn.mentions, PLACE, |out, writer, texts| out.texts(writer, texts))
    }

    fn turn_record(&mut self, writer: &mut Writer<'_>, turn: &types::TurnRecord) -> Result<()> {
        self.list(writer, &turn.calls, 2 * PLACE + 4 + PLACE + 4, |out, writer, made| {
            out.tool_call(writer, &made.call)?;
            out.word(match made.status {
                types::CallStatus::Executed => 0,
                types::CallStatus::ToolError => 1,
                types::CallStatus::Rejected => 2,
            });
            out.text(writer, &made.output)?;
            out.word(match made.side {
                types::Side::Agent => 0,
                types::Side::User => 1,
            });
            Ok(())
        })?;
        self.optional(writer, turn.answer.as_deref(), u32::from(turn.answer.is_some()))
    }
}

/// Writes what `verify` is given; they are too many values for parameters, so this is where they lie.
pub(super) fn arguments(writer: &mut Writer<'_>, task: &types::Task, turns: &[types::TurnRecord]) -> Result<u32> {
    const SIZE: usize = 10 * PLACE;
    let at = writer.room(SIZE, 4)?;
    let mut out = Record(Vec::with_capacity(SIZE));
    for text in [&task.id, &task.scenario, &task.category, &task.system, &task.initial_state] {
        out.text(writer, text)?;
    }
    out.list(writer, &task.turns, 4 + 2 * PLACE, Record::user_turn)?;
    out.text(writer, &task.user_profile)?;
    out.list(writer, &task.reference, 3 * PLACE, Record::reference_turn)?;
    out.text(writer, &task.label)?;
    out.list(writer, turns, PLACE + 4 + PLACE, Record::turn_record)?;
    writer.write(at, &out.0)?;
    Ok(at)
}

/// Reads the verdict in a result at the reader's place.
pub(super) fn verdict(reader: &mut Reader<'_>) -> Result<types::Verdict> {
    // The reward is eight bytes and aligned so, and what is before it, too.
    let reward = f64::from_bits(u64::from(reader.word(8)?) | u64::from(reader.word(12)?) << 32);
    let entries = reader.entries(16, 4 + PLACE as u32)?;
    let turns = entries.map(|at| {
        let entry = reader.moved(at);
        let [there, which, ..] = entry.word(0)?.to_le_bytes();
        let failure = match (there, which) {
            (0, _) => None,
            (1, 0) => Some(types::Failure::StateMismatch),
            (1, 1) => Some(types::Failure::InstanceMismatch),
            (1, 2) => Some(types::Failure::ResponseMismatch),
            (1, 3) => Some(types::Failure::EmptyTurn),
            (1, 4) => Some(types::Failure::SpuriousCall),
            (1, other) | (other, _) => bail!("unexpected discriminant: {other}"),
        };
        Ok(types::TurnVerdict { failure, detail: entry.text(4)? })
    });
    Ok(types::Verdict { reward, turns: turns.collect::<Result<_>>()? })
}
