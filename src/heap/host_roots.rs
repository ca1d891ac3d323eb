//! The references that the host holds: roots of the collector, and the only way by which the host
//! reaches what guests allocate.

use super::collector::Reference;
use super::limits::{LimitError, copied};
use alloc::collections::TryReserveError;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The place of a reference that the host holds.
///
/// A place is reused once the reference is released, but with another generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HostRoot {
    /// Index in [`HostRoots::held`], or, with the bit [`OWNED`], in [`HostRoots::owned`].
    index: u32,
    generation: u32,
}

/// Bit of [`HostRoot::index`] for references with a token.
const OWNED: u32 = 1 << 31;

/// A reference that the host holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    /// The collector's name of the object; none of an `i31`.
    reference: Option<Reference>,
    bits: u32,
    generation: u32,
}

/// All references of a store that the host holds.
#[derive(Debug, Default)]
pub struct HostRoots {
    /// References that are released in reverse order.
    held: Vec<Held>,
    /// Number of releases in reverse order.
    released: u32,
    /// References that the host holds until it drops its copies of the token.
    owned: Vec<Option<(Held, Arc<()>)>>,
    /// Vacant places in `owned`.
    vacant: Vec<u32>,
    /// Number of references with a token that there have been.
    owners: u32,
    /// Index of the place in `owned` that was examined last.
    examined: usize,
}

/// Number of places that are examined for each new reference with a token.
const EXAMINED: usize = 2;

impl HostRoots {
    /// Holds a reference until [`HostRoots::let_go`] releases it.
    ///
    /// # Panics
    ///
    /// If there are 2^31 of them.
    pub fn hold(&mut self, bits: u32, reference: Option<Reference>) -> HostRoot {
        let index = self.held.len() as u32;
        assert!(index < OWNED, "the host holds too many references");
        let generation = self.released;
        self.held.push(Held {
            reference,
            bits,
            generation,
        });
        HostRoot { index, generation }
    }

    /// Holds a reference until the token that is returned and its clones are dropped.
    ///
    /// # Errors
    ///
    /// An error if there is no memory for another reference.
    pub fn hold_until_dropped(
        &mut self,
        bits: u32,
        reference: Option<Reference>,
    ) -> Result<(HostRoot, Arc<()>), TryReserveError> {
        self.examine_owned();
        self.owned.try_reserve(1)?;
        let index = match self.vacant.pop() {
            Some(index) => index,
            None => {
                self.owned.push(None);
                self.owned.len() as u32 - 1
            }
        };
        assert!(index < OWNED, "the host holds too many references");
        self.owners = self.owners.wrapping_add(1);
        let generation = self.owners;
        let held = Held {
            reference,
            bits,
            generation,
        };
        let token = Arc::new(());
        self.owned[index as usize] = Some((held, Arc::clone(&token)));
        let index = index | OWNED;
        Ok((HostRoot { index, generation }, token))
    }

    /// Vacates a few places whose tokens have been dropped, so that these lists do not grow without
    /// a collection.
    fn examine_owned(&mut self) {
        for _ in 0..EXAMINED {
            self.examined = self.examined.checked_sub(1).unwrap_or(self.owned.len());
            self.visit_owned(self.examined);
        }
    }

    /// Makes room for references without a token.
    pub fn reserve(&mut self, additional: usize) {
        self.held.reserve(additional);
    }

    /// Returns the bits of a reference, or `None` if it has been released.
    pub fn get(&self, root: HostRoot) -> Option<u32> {
        let held = match root.index & OWNED {
            0 => self.held.get(root.index as usize)?,
            _ => &self.owned.get((root.index & !OWNED) as usize)?.as_ref()?.0,
        };
        (held.generation == root.generation).then_some(held.bits)
    }

    /// Returns the number of references without a token.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Releases all references without a token but the first `held`.
    pub fn let_go(&mut self, held: usize) {
        if held < self.held.len() {
            self.held.truncate(held);
            self.released = self.released.wrapping_add(1);
        }
    }

    /// Returns the references without a token, from number `from` on.
    pub fn held_from(&self, from: usize) -> impl Iterator<Item = Option<Reference>> + '_ {
        self.held[from..].iter().map(|held| held.reference)
    }

    /// Copies the references for the fork of their store, in which those without a token keep their
    /// places. Those with one become some without, since the owners of tokens are not copied.
    ///
    /// # Errors
    ///
    /// An error if the host cannot allocate the copy.
    pub fn fork(&self) -> Result<HostRoots, LimitError> {
        let mut held = copied(&self.held)?;
        held.try_reserve(self.owned.len())
            .map_err(|_| LimitError::Allocation)?;
        for (owned, token) in self.owned.iter().flatten() {
            if Arc::strong_count(token) > 1 {
                held.push(*owned);
            }
        }
        Ok(HostRoots {
            held,
            released: self.released,
            ..HostRoots::default()
        })
    }

    /// Returns all references, with some that the host has just released.
    pub fn all(&self) -> impl Iterator<Item = Reference> + '_ {
        let owned = self.owned.iter().flatten().map(|(held, _)| held);
        self.held
            .iter()
            .chain(owned)
            .filter_map(|held| held.reference)
    }

    /// Returns the number of places of references with a token.
    pub fn owned(&self) -> usize {
        self.owned.len()
    }

    /// Returns the reference with a token at a place, if there is one. Vacates the place if the
    /// host has dropped the token.
    pub fn visit_owned(&mut self, index: usize) -> Option<Reference> {
        let place = self.owned.get_mut(index)?;
        let (held, token) = place.as_ref()?;
        if Arc::strong_count(token) > 1 {
            return held.reference;
        }
        *place = None;
        // Without memory for another number, the place is not reused.
        if self.vacant.try_reserve(1).is_ok() {
            self.vacant.push(index as u32);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_reused_with_another_generation() {
        let mut roots = HostRoots::default();
        let first = roots.hold(1, None);
        let second = roots.hold(2, None);
        roots.let_go(1);
        let third = roots.hold(3, None);
        assert_eq!(
            [first, second, third].map(|root| roots.get(root)),
            [Some(1), None, Some(3)]
        );
        roots.let_go(5);
        assert_eq!(roots.get(third), Some(3));

        let (fourth, token) = roots.hold_until_dropped(4, None).unwrap();
        let (fifth, other) = roots.hold_until_dropped(5, None).unwrap();
        drop(token);
        for _ in 0..3 {
            roots.visit_owned(0);
            roots.visit_owned(1);
        }
        let (sixth, _token) = roots.hold_until_dropped(6, None).unwrap();
        assert_eq!(roots.owned(), 2);
        assert_eq!(
            [fourth, fifth, sixth].map(|root| roots.get(root)),
            [None, Some(5), Some(6)]
        );
        drop(other);
    }

    #[test]
    fn dropped_tokens_make_room_without_a_collection() {
        let mut roots = HostRoots::default();
        for number in 0..1000 {
            roots.hold_until_dropped(number, None).unwrap();
        }
        assert!(roots.owned() < 10, "{}", roots.owned());
    }
}
