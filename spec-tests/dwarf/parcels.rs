//! Parcels that are packed. `run` fails in the way that its argument selects.

#![no_std]

use core::cell::Cell;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// The content of a parcel.
#[derive(Clone, Copy, PartialEq)]
enum Content<'a> {
    Nothing,
    Letter(&'a str),
    Goods { pieces: u32, weight: f32 },
}

#[derive(Clone, Copy)]
struct Parcel<'a> {
    number: u16,
    content: Content<'a>,
    inner: Option<&'a Parcel<'a>>,
}

trait Weigh {
    fn weight(&self) -> u32;
}

impl Weigh for Content<'_> {
    fn weight(&self) -> u32 {
        match *self {
            Content::Nothing => 0,
            Content::Letter(text) => text.len() as u32,
            Content::Goods { pieces, weight } => pieces * weight as u32,
        }
    }
}

impl Weigh for Parcel<'_> {
    fn weight(&self) -> u32 {
        let inner = self.inner.map_or(0, |parcel| parcel.weight());
        self.content.weight() + inner + u32::from(self.number)
    }
}

struct Scale {
    most: u32,
    weighed: Cell<u32>,
}

impl Scale {
    #[inline]
    fn put(&self, load: &dyn Weigh) -> Result<u32, u32> {
        let weight = load.weight();
        if weight > self.most {
            return Err(weight);
        }
        self.weighed.set(self.weighed.get() + 1);
        Ok(weight)
    }
}

/// Runs the program.
#[unsafe(no_mangle)]
pub extern "C" fn run(kind: i32) -> i32 {
    let letter = Parcel {
        number: 1,
        content: Content::Letter("greetings"),
        inner: None,
    };
    let goods = Parcel {
        number: 2,
        content: Content::Goods {
            pieces: 12,
            weight: 2.5,
        },
        inner: Some(&letter),
    };
    let scale = Scale {
        most: if kind == 1 { 10 } else { 1000 },
        weighed: Cell::new(0),
    };
    let empty = Parcel {
        number: 3,
        content: Content::Nothing,
        inner: Some(&goods),
    };
    let parcels = [letter, goods, empty];
    let mut sum = 0;
    for parcel in &parcels {
        sum += scale.put(parcel).unwrap();
    }
    match kind {
        2 => sum /= scale.weighed.get() - 3,
        3 => sum = parcels[scale.weighed.get() as usize].weight(),
        4 => sum += "greetings".get(3..).map(|text| &text[kind as usize + 9..]).map_or(0, str::len) as u32,
        _ => {}
    }
    sum as i32
}
