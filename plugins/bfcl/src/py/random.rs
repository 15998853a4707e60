//! CPython's `random.Random`: the Mersenne Twister MT19937, seeded with an integer.

use serde::{Deserialize, Serialize};

const N: usize = 624;
const M: usize = 397;

/// A generator. Seeding fills 2.5 KB, so it waits for the first draw: most episodes draw nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Random {
    seed: u64,
    /// How many 32-bit words were drawn: the whole identity of the state, together with the seed.
    drawn: u32,
    #[serde(skip)]
    state: Option<Box<Words>>,
}

#[derive(Clone, Debug)]
struct Words {
    words: Vec<u32>,
    next: usize,
}

impl PartialEq for Random {
    fn eq(&self, other: &Self) -> bool {
        (self.seed, self.drawn) == (other.seed, other.drawn)
    }
}

impl Random {
    /// `random.Random(seed)` of an integer; its sign does not matter to CPython either.
    pub fn new(seed: i64) -> Self {
        Self { seed: seed.unsigned_abs(), drawn: 0, state: None }
    }

    fn next_u32(&mut self) -> u32 {
        if self.state.is_none()
            && let Some((_, words)) = FIRST.iter().find(|(seed, _)| *seed == self.seed)
            && let Some(word) = words.get(self.drawn as usize)
        {
            self.drawn += 1;
            return *word;
        }
        let state = self.state.get_or_insert_with(|| {
            let mut fresh = Box::new(Words::seeded(self.seed));
            for _ in 0..self.drawn {
                fresh.next_u32();
            }
            fresh
        });
        self.drawn += 1;
        state.next_u32()
    }

    /// `random()`: 53 bits in [0, 1).
    pub fn random(&mut self) -> f64 {
        let high = self.next_u32() >> 5;
        let low = self.next_u32() >> 6;
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    /// `uniform(a, b)`.
    pub fn uniform(&mut self, a: f64, b: f64) -> f64 {
        a + (b - a) * self.random()
    }

    /// `randint(a, b)`, both ends included; `a` must not be above `b`.
    pub fn randint(&mut self, a: i64, b: i64) -> i64 {
        let width = (b - a) as u64 + 1;
        let bits = 64 - width.leading_zeros();
        loop {
            let draw = self.getrandbits(bits);
            if draw < width {
                return a + draw as i64;
            }
        }
    }

    /// `getrandbits(k)` for `k` in 1..=64.
    fn getrandbits(&mut self, k: u32) -> u64 {
        if k <= 32 {
            return u64::from(self.next_u32() >> (32 - k));
        }
        let low = u64::from(self.next_u32());
        let high = u64::from(self.next_u32() >> (64 - k));
        high << 32 | low
    }
}

/// Initialisation by array, the key being the seed's 32-bit words.
const fn initial(seed: u64) -> [u32; N] {
    let key = [seed as u32, (seed >> 32) as u32];
    let length = if key[1] == 0 { 1 } else { 2 };
    let mut words = [19_650_218u32; N];
    let mut at = 1;
    while at < N {
        let before = words[at - 1] ^ (words[at - 1] >> 30);
        words[at] = before.wrapping_mul(1_812_433_253).wrapping_add(at as u32);
        at += 1;
    }
    let (mut at, mut round) = (1, 0);
    while round < 2 * N - 1 {
        let before = words[at - 1] ^ (words[at - 1] >> 30);
        words[at] = if round < N {
            let of = round % length;
            (words[at] ^ before.wrapping_mul(1_664_525)).wrapping_add(key[of]).wrapping_add(of as u32)
        } else {
            (words[at] ^ before.wrapping_mul(1_566_083_941)).wrapping_sub(at as u32)
        };
        at += 1;
        if at == N {
            words[0] = words[N - 1];
            at = 1;
        }
        round += 1;
    }
    words[0] = 0x8000_0000;
    words
}

const fn twisted(this: u32, next: u32, far: u32) -> u32 {
    let joined = (this & 0x8000_0000) | (next & 0x7FFF_FFFF);
    far ^ (joined >> 1) ^ if joined & 1 == 1 { 0x9908_B0DF } else { 0 }
}

const fn tempered(mut word: u32) -> u32 {
    word ^= word >> 11;
    word ^= (word << 7) & 0x9D2C_5680;
    word ^= (word << 15) & 0xEFC6_0000;
    word ^ (word >> 18)
}

/// Words of the seeds that the classes have by default, made at compile time: seeding takes longer than a whole call.
const AHEAD: usize = 64;
static FIRST: [(u64, [u32; AHEAD]); 3] =
    [(200_191, first(200_191)), (1_053_520, first(1_053_520)), (141_053, first(141_053))];

const fn first(seed: u64) -> [u32; AHEAD] {
    let words = initial(seed);
    let mut ahead = [0; AHEAD];
    let mut at = 0;
    while at < AHEAD {
        // Before the N - M-th word none depends on a word that was twisted already.
        ahead[at] = tempered(twisted(words[at], words[at + 1], words[at + M]));
        at += 1;
    }
    ahead
}

impl Words {
    fn seeded(seed: u64) -> Self {
        Self { words: initial(seed).to_vec(), next: N }
    }

    fn refill(&mut self) {
        for at in 0..N {
            self.words[at] = twisted(self.words[at], self.words[(at + 1) % N], self.words[(at + M) % N]);
        }
        self.next = 0;
    }

    fn next_u32(&mut self) -> u32 {
        if self.next == N {
            self.refill();
        }
        self.next += 1;
        tempered(self.words[self.next - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_cpythons() {
        let cases = [
            (200_191, 0.438_006_455_022_140_86, 24_547, 98.466_725_447_800_98, 1_725_237_024, 95_258_865_221),
            (141_053, 0.932_697_140_758_107, 44_620, 44.510_816_207_754_68, 1_725_231_640, 1_016_370_891_774),
            (-(1 << 40) - 5, 0.504_380_297_041_844_3, 45_206, 79.655_793_540_882_95, 1_725_190_195, 102_613_415_019),
        ];
        for (seed, first, second, third, fourth, fifth) in cases {
            let mut random = Random::new(seed);
            assert_eq!(random.random(), first, "{seed}");
            assert_eq!(random.randint(10_000, 99_999), second, "{seed}");
            assert_eq!(random.uniform(0.0, 120.0), third, "{seed}");
            // A generator that was stored and read back continues.
            random.state = None;
            assert_eq!(random.randint(1_725_186_600, 1_725_273_000), fourth, "{seed}");
            assert_eq!(random.randint(0, 1 << 40), fifth, "{seed}");
        }
    }

    #[test]
    fn words_made_at_compile_time_are_the_generators() {
        for (seed, _) in &FIRST {
            let (mut ahead, mut slow) = (Random::new(*seed as i64), Words::seeded(*seed));
            for at in 0..AHEAD + 700 {
                assert_eq!(ahead.next_u32(), slow.next_u32(), "word {at} of seed {seed}");
            }
        }
    }
}
