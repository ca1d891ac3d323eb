//! Tins on a shelf. Compiled without optimisation, `run` shows its variables when it traps, which it does
//! if its argument is 1. Nothing here needs code of the core library, so the module is small.

#![no_std]
#![allow(dead_code)]

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

#[derive(Clone, Copy)]
enum Colour {
    Red,
    Green,
    Blue,
}

enum Content {
    Air,
    Beans { count: u16 },
    Soup(f32, bool),
}

struct Tin<'a> {
    label: &'a str,
    number: u8,
    size: (i16, f64),
    colour: Colour,
    content: Content,
    below: Option<&'a Tin<'a>>,
}

static mut OPENED: i64 = -7;

#[inline(never)]
fn open(tin: &Tin<'_>, strength: i32) -> i32 {
    let needed = tin.number as i32 * 2;
    unsafe { OPENED += 1 };
    if strength < needed {
        core::arch::wasm32::unreachable();
    }
    strength - needed
}

/// Runs the program.
#[unsafe(no_mangle)]
pub extern "C" fn run(kind: i32) -> i32 {
    let bottom = Tin {
        label: "beans",
        number: 1,
        size: (-3, 0.25),
        colour: Colour::Blue,
        content: Content::Beans { count: 300 },
        below: None,
    };
    let top = Tin {
        label: "soup",
        number: 2,
        size: (12, -1.5),
        colour: Colour::Green,
        content: Content::Soup(2.5, true),
        below: Some(&bottom),
    };
    let weights: [u32; 3] = [10, 20, 30];
    let heaviest = &weights;
    let sign = 'ß';
    let rest = open(&top, if kind == 1 { 3 } else { 30 });
    rest + heaviest.len() as i32 + sign as i32
}
