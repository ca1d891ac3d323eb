//! A bytecode machine: one large `match` in a loop, which becomes a `br_table`.

use std::hint::black_box;

#[derive(Clone, Copy)]
enum Op {
    Push(i64),
    Add,
    Multiply,
    Xor,
    Load(usize),
    Store(usize),
    Duplicate,
    Swap,
    Rotate(u32),
    JumpIfNotZero(usize),
    Halt,
}

fn execute(program: &[Op], registers: &mut [i64; 4]) -> i64 {
    let mut stack = [0i64; 16];
    let (mut top, mut at) = (0usize, 0usize);
    loop {
        let op = program[at];
        at += 1;
        match op {
            Op::Push(value) => {
                stack[top] = value;
                top += 1;
            }
            Op::Add => {
                top -= 1;
                stack[top - 1] = stack[top - 1].wrapping_add(stack[top]);
            }
            Op::Multiply => {
                top -= 1;
                stack[top - 1] = stack[top - 1].wrapping_mul(stack[top]);
            }
            Op::Xor => {
                top -= 1;
                stack[top - 1] ^= stack[top];
            }
            Op::Load(register) => {
                stack[top] = registers[register];
                top += 1;
            }
            Op::Store(register) => {
                top -= 1;
                registers[register] = stack[top];
            }
            Op::Duplicate => {
                stack[top] = stack[top - 1];
                top += 1;
            }
            Op::Swap => stack.swap(top - 1, top - 2),
            Op::Rotate(by) => stack[top - 1] = stack[top - 1].rotate_left(by),
            Op::JumpIfNotZero(target) => {
                top -= 1;
                if stack[top] != 0 {
                    at = target;
                }
            }
            Op::Halt => return registers[1],
        }
    }
}

/// Executes a hundred times `n` rounds of a loop of seventeen instructions.
#[unsafe(no_mangle)]
pub extern "C" fn machine(n: i32) -> i64 {
    let program = [
        Op::Load(1),
        Op::Push(6_364_136_223_846_793_005),
        Op::Multiply,
        Op::Load(0),
        Op::Add,
        Op::Rotate(13),
        Op::Duplicate,
        Op::Load(2),
        Op::Swap,
        Op::Xor,
        Op::Store(2),
        Op::Store(1),
        Op::Load(0),
        Op::Push(-1),
        Op::Add,
        Op::Duplicate,
        Op::Store(0),
        Op::JumpIfNotZero(0),
        Op::Load(2),
        Op::Store(1),
        Op::Halt,
    ];
    execute(
        black_box(&program),
        &mut [i64::from(n.max(1)) * 100, 1, 2, 3],
    )
}
