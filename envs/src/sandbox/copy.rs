//! Copying little within a guest's memory by its own code.
//!
//! wasmtime leaves `memory.copy` to the host, and that call costs more than the few bytes that a text or a field has. So a module
//! gets a function for them: it reads the first and the last bytes, however they overlap, before it writes them, and leaves what
//! is longer to the instruction.

use wasm_encoder::{BlockType, Function, Instruction as I, MemArg, ValType};

/// Its type: where to, where from, how many bytes.
pub(super) const PARAMS: [ValType; 3] = [ValType::I32; 3];

const TO: u32 = 0;
const FROM: u32 = 1;
const LENGTH: u32 = 2;

/// How many bytes one piece has.
#[derive(Clone, Copy)]
enum Piece {
    One = 1,
    Two = 2,
    Four = 4,
    Eight = 8,
    Sixteen = 16,
}

impl Piece {
    fn load(self, offset: u64) -> I<'static> {
        let at = MemArg { offset, align: 0, memory_index: 0 };
        match self {
            Piece::One => I::I32Load8U(at),
            Piece::Two => I::I32Load16U(at),
            Piece::Four => I::I32Load(at),
            Piece::Eight => I::I64Load(at),
            Piece::Sixteen => I::V128Load(at),
        }
    }

    fn store(self, offset: u64) -> I<'static> {
        let at = MemArg { offset, align: 0, memory_index: 0 };
        match self {
            Piece::One => I::I32Store8(at),
            Piece::Two => I::I32Store16(at),
            Piece::Four => I::I32Store(at),
            Piece::Eight => I::I64Store(at),
            Piece::Sixteen => I::V128Store(at),
        }
    }
}

/// The function's body.
pub(super) fn body() -> Vec<u8> {
    let mut f = Function::new([]);
    let all = [TO, FROM, LENGTH].map(I::LocalGet);
    at_least(17, &mut f);
    at_least(129, &mut f);
    put(&all, &mut f);
    put(&[I::MemoryCopy { src_mem: 0, dst_mem: 0 }, I::Return, I::End], &mut f);
    for (least, piece, pieces) in [(65, Piece::Sixteen, 8), (33, Piece::Sixteen, 4), (17, Piece::Sixteen, 2)] {
        copied(least, piece, pieces, &mut f);
    }
    put(&[I::End], &mut f);
    for (least, piece, pieces) in [(8, Piece::Eight, 2), (4, Piece::Four, 2), (2, Piece::Two, 2), (1, Piece::One, 1)] {
        copied(least, piece, pieces, &mut f);
    }
    put(&[I::End], &mut f);
    f.into_raw_body()
}

fn put(instructions: &[I<'_>], f: &mut Function) {
    for instruction in instructions {
        f.instruction(instruction);
    }
}

/// Begins what is done where there are so many bytes.
fn at_least(length: i32, f: &mut Function) {
    put(&[I::LocalGet(LENGTH), I::I32Const(length), I::I32GeU, I::If(BlockType::Empty)], f);
}

/// Copies in `pieces` and returns, where there are `least` bytes: the first half of the pieces from the beginning on, the other to the end.
fn copied(least: i32, piece: Piece, pieces: i32, f: &mut Function) {
    at_least(least, f);
    let size = piece as i32;
    let half = (pieces / 2).max(1);
    let mut stores = Vec::new();
    for number in 0..pieces {
        for end in [TO, FROM] {
            put(&[I::LocalGet(end)], f);
            if number >= half {
                put(&[I::LocalGet(LENGTH), I::I32Add, I::I32Const(half * size), I::I32Sub], f);
            }
        }
        let offset = (number % half * size) as u64;
        put(&[piece.load(offset)], f);
        stores.push(piece.store(offset));
    }
    // What was read last is on top.
    stores.reverse();
    put(&stores, f);
    put(&[I::Return, I::End], f);
}
