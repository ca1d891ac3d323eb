//! A bounded cache.

use super::sync::Mutex;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use core::any::Any;
use core::fmt;

/// Capacity in bytes. A single larger item may exceed it.
const CAPACITY: usize = 1 << 20;

/// A cache that keeps the items added last, by number: about 1 MiB, and at least one item.
#[derive(Default)]
pub struct Cache {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    items: BTreeMap<u64, (Arc<dyn Any + Send + Sync>, usize)>,
    /// Keys of the items, oldest first.
    order: VecDeque<u64>,
    bytes: usize,
}

impl Cache {
    /// Returns the item with this key if it is still cached and is a `T`.
    pub fn get<T: Any + Send + Sync>(&self, key: u64) -> Option<Arc<T>> {
        let item = Arc::clone(&self.kept.lock().items.get(&key)?.0);
        item.downcast().ok()
    }

    /// Adds an item that takes `bytes` bytes. Drops the oldest items if the capacity is
    /// exceeded.
    pub fn put<T: Any + Send + Sync>(&self, key: u64, item: Arc<T>, bytes: usize) {
        let mut kept = self.kept.lock();
        kept.remove(key);
        while kept.bytes.saturating_add(bytes) > CAPACITY {
            let Some(oldest) = kept.order.front().copied() else {
                break;
            };
            kept.remove(oldest);
        }
        kept.items.insert(key, (item, bytes));
        kept.order.push_back(key);
        kept.bytes += bytes;
    }
}

impl Kept {
    fn remove(&mut self, key: u64) {
        if let Some((_, bytes)) = self.items.remove(&key) {
            self.bytes -= bytes;
            self.order.retain(|&other| other != key);
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_give_way() {
        let cache = Cache::default();
        for key in 0..4 {
            cache.put(key, Arc::new(key as u32), CAPACITY / 4);
        }
        cache.put(1, Arc::new(10_u32), CAPACITY / 4);
        cache.put(4, Arc::new(4_u32), CAPACITY / 4 + 1);
        let found: [Option<Arc<u32>>; 5] = core::array::from_fn(|key| cache.get(key as u64));
        assert_eq!(
            found.map(|item| item.map(|item| *item)),
            [None, Some(10), None, Some(3), Some(4)]
        );
        cache.put(5, Arc::new(5_u32), usize::MAX);
        assert_eq!(cache.get::<u32>(1), None);
        assert_eq!(cache.get::<u32>(5).as_deref(), Some(&5));
        assert_eq!(cache.get::<u64>(5), None);
    }
}
