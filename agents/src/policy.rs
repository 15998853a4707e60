//! The learned policy as an agent.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use coevo_core::config::{Decoding, SampleConfig};
use coevo_core::episode::{Boundary, Fault, TokenTrace};
use coevo_core::protocol::split_thoughts;
use coevo_core::render::{Message, Role};
use coevo_core::seed::StreamKey;
use coevo_core::task::ToolSpec;
use rayon::prelude::*;

use crate::agent::{Agent, EpisodeStart, Reply, Request, action_stream};
use crate::infer::grammar::{Grammars, Writing};
use crate::infer::sample::{draw, restrict};
use crate::infer::{Cache, Extension, Network};
use crate::model::HostWeights;
use crate::tokenizer::{END, Reader, Tokenizer, role_token};
use crate::trace::TraceBuilder;

/// Frozen weights with their tokenizer; cloning shares them.
#[derive(Clone)]
pub struct Policy {
    network: Arc<Network>,
    tokenizer: Tokenizer,
    version: u64,
}

impl Policy {
    pub fn new(weights: &HostWeights, tokenizer: Tokenizer, version: u64) -> Self {
        Self { network: Arc::new(Network::new(weights)), tokenizer, version }
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// An agent that plays this policy; `tools` are those of the environment it plays in, for decoding under a grammar.
    pub fn agent(&self, config: SampleConfig, tools: &[ToolSpec]) -> PolicyAgent {
        let grammars = (config.decoding == Decoding::Grammar).then(|| Grammars::new(&self.tokenizer, tools));
        let (slots, openings) = (BTreeMap::new(), Openings::default());
        PolicyAgent { policy: self.clone(), config, grammars, slots, openings }
    }
}

/// Plays a policy in many slots at once.
pub struct PolicyAgent {
    policy: Policy,
    config: SampleConfig,
    grammars: Option<Grammars>,
    slots: BTreeMap<usize, Slot>,
    openings: Openings,
}

struct Slot {
    stream: StreamKey,
    cache: Cache,
    /// Tokens that the cache does not hold yet.
    pending: Vec<u32>,
    trace: TraceBuilder,
    reader: Reader,
}

/// Caches of conversation openings that several episodes share: the system message of an environment, the whole opening
/// of a group. Reuse changes no bit, because a token's numbers depend on its own conversation only.
#[derive(Default)]
struct Openings {
    known: BTreeMap<Vec<u32>, Cache>,
    /// Oldest first.
    order: VecDeque<Vec<u32>>,
    tokens: usize,
}

/// Openings are forgotten, oldest first, beyond this many tokens.
const OPENING_TOKENS: usize = 16_384;

impl Openings {
    fn insert(&mut self, ids: Vec<u32>, mut cache: Cache) {
        cache.freeze();
        self.tokens += ids.len();
        self.order.push_back(ids.clone());
        self.known.insert(ids, cache);
        while self.tokens > OPENING_TOKENS && self.order.len() > 1 {
            let oldest = self.order.pop_front().expect("checked above");
            self.tokens -= oldest.len();
            self.known.remove(&oldest);
        }
    }
}

/// Which slots open with the same tokens.
type OpeningGroups = BTreeMap<Vec<u32>, Vec<usize>>;

impl PolicyAgent {
    /// Fills the caches of slots that have none yet: each distinct opening is computed once, from the cache of its first
    /// message, which is computed once too.
    fn open(&mut self, waiting: &[usize]) {
        let mut groups: OpeningGroups = BTreeMap::new();
        for slot in waiting {
            let state = &self.slots[slot];
            if state.cache.tokens() == 0 && state.pending.len() > 1 {
                // The last token stays pending: its logits are wanted.
                groups.entry(state.pending[..state.pending.len() - 1].to_vec()).or_default().push(*slot);
            }
        }
        let first_message = |ids: &[u32]| ids.iter().position(|id| *id == END).map_or(ids.len(), |end| end + 1);
        let empty = || Cache::new(self.policy.network.config());
        let extend = |mut cache: Cache, ids: &[u32]| {
            if !ids.is_empty() {
                self.policy.network.extend(&mut [Extension { cache: &mut cache, ids }]);
            }
            cache
        };
        let new: Vec<&Vec<u32>> = groups.keys().filter(|ids| !self.openings.known.contains_key(*ids)).collect();
        let mut heads: Vec<&[u32]> = new.iter().map(|ids| &ids[..first_message(ids)]).collect();
        heads.dedup();
        heads.retain(|ids| !self.openings.known.contains_key(*ids));
        let computed: Vec<Cache> = heads.par_iter().map(|ids| extend(empty(), ids)).collect();
        for (ids, cache) in heads.into_iter().zip(computed) {
            self.openings.insert(ids.to_vec(), cache);
        }
        let computed: Vec<Cache> = new
            .par_iter()
            .map(|ids| match self.openings.known.get(&ids[..first_message(ids)]) {
                Some(cache) => extend(cache.clone(), &ids[cache.tokens()..]),
                None => extend(empty(), ids),
            })
            .collect();
        for (ids, cache) in new.into_iter().cloned().zip(computed).collect::<Vec<_>>() {
            self.openings.insert(ids, cache);
        }
        for (ids, slots) in groups {
            for slot in slots {
                let state = self.slots.get_mut(&slot).expect("the slot waits");
                state.cache = match self.openings.known.get(&ids) {
                    Some(cache) => cache.clone(),
                    None => {
                        let mut cache = Cache::new(self.policy.network.config());
                        self.policy.network.extend(&mut [Extension { cache: &mut cache, ids: &ids }]);
                        cache
                    }
                };
                state.pending.drain(..ids.len());
            }
        }
    }
}

/// One slot's generation within a call of `act`.
struct Generation<'a> {
    slot: &'a mut Slot,
    stream: coevo_core::seed::Stream,
    turn: u16,
    step: u16,
    written: Vec<u32>,
    /// Under a grammar.
    writing: Option<Writing>,
    reply: Option<Reply>,
}

impl Generation<'_> {
    /// Takes the next token from `logits`; sets the reply when it was the last.
    fn advance(&mut self, policy: &Policy, config: &SampleConfig, logits: &mut [f32]) {
        if let Err(message) = self.choose(policy, config, logits) {
            let (boundary, during) = (Boundary::Agent, "sampling".to_owned());
            self.reply = Some(Reply::Fault(Fault { boundary, during, message }));
        }
    }

    fn choose(&mut self, policy: &Policy, config: &SampleConfig, logits: &mut [f32]) -> Result<(), String> {
        if let Some(writing) = &mut self.writing {
            restrict(logits, &writing.allowed()?);
        }
        let drawn = draw(logits, config, &mut self.stream).ok_or("the policy's logits are not finite")?;
        self.slot.trace.push_action(drawn.token, drawn.log_prob, self.turn, self.step);
        self.slot.pending.push(drawn.token);
        let mut ended = drawn.token == END;
        if !ended {
            self.written.push(drawn.token);
            if let Some(writing) = &mut self.writing {
                writing.take(drawn.token)?;
                let forced = writing.forced();
                ended = writing.is_over();
                self.force(policy, &forced);
                if ended {
                    self.force(policy, &[END]);
                }
            }
        }
        let spent = self.written.len() + usize::from(ended);
        if ended || spent >= config.max_new_tokens || self.room(policy) == 0 {
            let is_call = |text: &str| split_thoughts(text).1.starts_with('@');
            if !ended
                && let Some(writing) = &mut self.writing
                && is_call(&policy.tokenizer.decode(&self.written))
            {
                let closing = writing.closing().unwrap_or_default();
                self.force(policy, &closing);
            }
            if !ended {
                // Cut short: the message still ends, so that the conversation keeps its form.
                self.force(policy, &[END]);
            }
            self.reply = Some(Reply::Text(policy.tokenizer.decode(&self.written)));
        }
        Ok(())
    }

    /// Tokens that the context still holds.
    fn room(&self, policy: &Policy) -> usize {
        policy.network.config().context.saturating_sub(self.slot.cache.tokens() + self.slot.pending.len())
    }

    /// Writes tokens that were not chosen, as far as the context holds them: they wait for the next pass together with the last
    /// chosen one.
    fn force(&mut self, policy: &Policy, ids: &[u32]) {
        let ids = &ids[..ids.len().min(self.room(policy))];
        self.slot.trace.push_seen(ids, self.turn, self.step);
        self.slot.pending.extend(ids);
        self.written.extend(ids.iter().filter(|id| **id != END));
    }
}

/// Generates until every reply is set; all slots of the group advance together.
fn generate(policy: &Policy, config: &SampleConfig, group: &mut [Generation<'_>]) {
    let vocabulary = policy.network.vocabulary();
    loop {
        let mut running: Vec<&mut Generation<'_>> = group.iter_mut().filter(|g| g.reply.is_none()).collect();
        if running.is_empty() {
            return;
        }
        let pending: Vec<Vec<u32>> = running.iter_mut().map(|g| std::mem::take(&mut g.slot.pending)).collect();
        let mut extensions: Vec<Extension<'_>> =
            running.iter_mut().zip(&pending).map(|(g, ids)| Extension { cache: &mut g.slot.cache, ids }).collect();
        let mut logits = policy.network.extend(&mut extensions);
        for (generation, logits) in running.into_iter().zip(logits.chunks_exact_mut(vocabulary)) {
            generation.advance(policy, config, logits);
        }
    }
}

impl Agent for PolicyAgent {
    fn name(&self) -> String {
        format!("policy@{}", self.policy.version)
    }

    fn begin(&mut self, slot: usize, start: &EpisodeStart<'_>) {
        let cache = Cache::new(self.policy.network.config());
        let (trace, reader) = (TraceBuilder::default(), self.policy.tokenizer.reader());
        let state = Slot { stream: start.stream, cache, pending: Vec::new(), trace, reader };
        self.slots.insert(slot, state);
    }

    fn act(&mut self, waiting: &[Request<'_>]) -> Vec<Reply> {
        let context = self.policy.network.config().context;
        let mut replies: Vec<Option<Reply>> = vec![None; waiting.len()];
        let mut ready = Vec::new();
        for (index, request) in waiting.iter().enumerate() {
            let slot = self.slots.get_mut(&request.slot).expect("the slot has begun");
            let ids = opening_of_reply(&mut slot.reader, request.messages);
            if slot.cache.tokens() + slot.pending.len() + ids.len() + 1 > context {
                replies[index] = Some(Reply::ContextFull);
                continue;
            }
            slot.trace.push_seen(&ids, request.turn, request.step);
            slot.pending.extend(ids);
            ready.push(index);
        }
        self.open(&ready.iter().map(|index| waiting[*index].slot).collect::<Vec<_>>());
        let mut writings: BTreeMap<usize, Writing> = BTreeMap::new();
        if let Some(grammars) = &self.grammars {
            ready.retain(|index| match grammars.begin(waiting[*index].offered) {
                Ok(writing) => writings.insert(*index, writing).is_none(),
                Err(message) => {
                    let (boundary, during) = (Boundary::Agent, "grammar".to_owned());
                    replies[*index] = Some(Reply::Fault(Fault { boundary, during, message }));
                    false
                }
            });
        }
        let wanted: BTreeMap<usize, usize> = ready.iter().map(|index| (waiting[*index].slot, *index)).collect();
        let mut generations: Vec<(usize, Generation<'_>)> = self
            .slots
            .iter_mut()
            .filter_map(|(number, slot)| {
                let index = *wanted.get(number)?;
                let request = &waiting[index];
                let stream = action_stream(slot.stream, request.turn, request.step).stream();
                let (turn, step) = (request.turn, request.step);
                let writing = writings.remove(&index);
                Some((index, Generation { slot, stream, turn, step, written: Vec::new(), writing, reply: None }))
            })
            .collect();
        // What opens alike side by side, so that it is read once: no number depends on this order.
        generations.sort_by_key(|(_, generation)| generation.slot.cache.opening_id());
        let (indices, mut work): (Vec<usize>, Vec<Generation<'_>>) = generations.drain(..).unzip();
        let share = work.len().div_ceil(rayon::current_num_threads()).max(1);
        let (policy, config) = (&self.policy, &self.config);
        work.par_chunks_mut(share).for_each(|group| generate(policy, config, group));
        for (index, generation) in indices.into_iter().zip(work) {
            replies[index] = generation.reply;
        }
        replies.into_iter().map(|reply| reply.expect("every request was answered")).collect()
    }

    fn end(&mut self, slot: usize) -> TokenTrace {
        self.slots.remove(&slot).map(|slot| slot.trace.finish()).unwrap_or_default()
    }
}

/// Tokens of the new messages and of the role that writes next.
pub fn opening_of_reply(reader: &mut Reader, messages: &[Message]) -> Vec<u32> {
    let mut ids = Vec::new();
    for message in messages {
        reader.read(message, &mut ids);
    }
    ids.push(role_token(Role::Assistant));
    ids
}
