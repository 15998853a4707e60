//! A compact binary form of [`TokenTrace`]: lossless, deterministic, about 3 bytes a prompt token and 7 a sampled one
//! before compression. JSON would need 30.
//!
//! Layout, all integers LEB128: version, count; ids; runs of `action` (lengths, beginning with `false`); runs of `turn` and
//! of `step` (value, length); whether all unsampled log-probabilities are +0; then `f32` little-endian bits, of the sampled
//! tokens or of all.

use coevo_core::episode::TokenTrace;

const VERSION: u64 = 2;

/// # Panics
/// If the vectors of `trace` differ in length, which breaks its contract.
pub fn encode(trace: &TokenTrace) -> Vec<u8> {
    let count = trace.ids.len();
    let lengths = [trace.log_probs.len(), trace.action.len(), trace.turn.len(), trace.step.len()];
    assert!(lengths.iter().all(|length| *length == count), "token trace of {count} ids with columns of {lengths:?}");
    let mut out = Vec::with_capacity(count * 4);
    put(&mut out, VERSION);
    put(&mut out, count as u64);
    trace.ids.iter().for_each(|id| put(&mut out, u64::from(*id)));
    let mut current = false;
    let mut length = 0;
    for action in &trace.action {
        if *action != current {
            put(&mut out, length);
            (current, length) = (*action, 0);
        }
        length += 1;
    }
    put(&mut out, length);
    put_runs(&mut out, &trace.turn);
    put_runs(&mut out, &trace.step);
    let sparse = trace.log_probs.iter().zip(&trace.action).all(|(log_prob, action)| *action || log_prob.to_bits() == 0);
    out.push(u8::from(sparse));
    let stored = trace.log_probs.iter().zip(&trace.action).filter(|(_, action)| **action || !sparse);
    let stored: Vec<[u8; 4]> = stored.map(|(log_prob, _)| log_prob.to_le_bytes()).collect();
    for plane in 0..4 {
        out.extend(stored.iter().map(|bytes| bytes[plane]));
    }
    out
}

/// `None` where the bytes are no token trace.
pub fn decode(bytes: &[u8]) -> Option<TokenTrace> {
    let mut bytes = bytes;
    let version = take(&mut bytes)?;
    if !(1..=VERSION).contains(&version) {
        return None;
    }
    let count = usize::try_from(take(&mut bytes)?).ok()?;
    // Every token needs at least the one byte of its id, so a wrong count cannot make us allocate without bound.
    if count > bytes.len() {
        return None;
    }
    let mut trace = TokenTrace::default();
    for _ in 0..count {
        trace.ids.push(u32::try_from(take(&mut bytes)?).ok()?);
    }
    let mut current = false;
    loop {
        let length = usize::try_from(take(&mut bytes)?).ok()?;
        let filled = trace.action.len();
        if length > count - filled {
            return None;
        }
        trace.action.resize(filled + length, current);
        if trace.action.len() == count {
            break;
        }
        current = !current;
    }
    trace.turn = take_runs(&mut bytes, count)?;
    trace.step = take_runs(&mut bytes, count)?;
    let (sparse, bytes) = bytes.split_first()?;
    let stored = |action: bool| action || *sparse == 0;
    let numbers = trace.action.iter().filter(|action| stored(**action)).count();
    if bytes.len() != numbers * 4 {
        return None;
    }
    let mut at = 0;
    for action in &trace.action {
        let place = |plane: usize| if version == 1 { at * 4 + plane } else { plane * numbers + at };
        let log_prob = if stored(*action) {
            let bits = [0, 1, 2, 3].map(|plane| bytes[place(plane)]);
            at += 1;
            f32::from_le_bytes(bits)
        } else {
            0.0
        };
        trace.log_probs.push(log_prob);
    }
    Some(trace)
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn put_runs(out: &mut Vec<u8>, values: &[u16]) {
    let mut values = values.iter().peekable();
    while let Some(value) = values.next() {
        let mut length = 1;
        while values.next_if_eq(&value).is_some() {
            length += 1;
        }
        put(out, u64::from(*value));
        put(out, length);
    }
}

fn take_runs(bytes: &mut &[u8], count: usize) -> Option<Vec<u16>> {
    let mut values = Vec::new();
    while values.len() < count {
        let value = u16::try_from(take(bytes)?).ok()?;
        let length = usize::try_from(take(bytes)?).ok()?;
        if length == 0 || length > count - values.len() {
            return None;
        }
        values.resize(values.len() + length, value);
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn traces() -> impl Strategy<Value = TokenTrace> {
        let token = (any::<u32>(), any::<u32>(), any::<bool>(), 0u16..4, any::<u16>(), any::<bool>());
        prop::collection::vec(token, 0..60).prop_map(|tokens| {
            let mut trace = TokenTrace::default();
            for (id, bits, action, turn, step, keep) in tokens {
                trace.ids.push(id);
                let log_prob = f32::from_bits(bits);
                trace.log_probs.push(if (action || keep) && !log_prob.is_nan() { log_prob } else { 0.0 });
                trace.action.push(action);
                trace.turn.push(turn);
                trace.step.push(step);
            }
            trace
        })
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(trace in traces()) {
            let bytes = encode(&trace);
            prop_assert_eq!(decode(&bytes), Some(trace));
            prop_assert_eq!(decode(&bytes[..bytes.len() - 1]), None, "cut short");
        }

        #[test]
        fn any_bytes_are_safe(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn a_usual_trace_is_small() {
        let sampled = |index: usize| index >= 900 && !index.is_multiple_of(3);
        let trace = TokenTrace {
            ids: (0..1000).map(|id| id % 1024).collect(),
            log_probs: (0..1000).map(|index| if sampled(index) { -0.5 } else { 0.0 }).collect(),
            action: (0..1000).map(sampled).collect(),
            turn: (0..1000).map(|index| index / 300).collect(),
            step: vec![0; 1000],
        };
        assert!(encode(&trace).len() < 2_400, "{} bytes", encode(&trace).len());
    }
}
