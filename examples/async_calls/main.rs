//! Several guests on one thread that wait for futures of the host. `call_async` works with any
//! executor; this example contains one of thirty lines.

use backstitch::*;
use std::cell::Cell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{self, Poll, Wake, Waker};

/// `run` adds up the results of the host's `fetch` for the keys from its argument down to 1.
const MODULE: &str = r#"
    (module
        (import "host" "fetch" (func $fetch (param i32) (result i64)))
        (func $run (export "run") (param i32) (result i64)
            (if (result i64) (local.get 0)
                (then
                    (i64.add (call $fetch (local.get 0))
                             (call $run (i32.sub (local.get 0) (i32.const 1)))))
                (else (i64.const 0)))))
"#;

/// Data of a guest: its name, and the number of keys that it has fetched.
struct Guest {
    name: &'static str,
    fetched: Arc<AtomicU32>,
}

/// Is ready after it has been pending `left` times.
async fn turns(mut left: u32) {
    poll_fn(|context| match left {
        0 => Poll::Ready(()),
        _ => {
            left -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

/// Counts wake-ups. The executor polls all tasks in turn, so a waker has nothing else to do.
struct Counter(AtomicU32);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Runs tasks until all have ended. Returns the number of wake-ups.
fn run_all<'a>(tasks: impl IntoIterator<Item = Pin<Box<dyn Future<Output = ()> + 'a>>>) -> u32 {
    let counter = Arc::new(Counter(AtomicU32::new(0)));
    let waker = Waker::from(Arc::clone(&counter));
    let mut context = task::Context::from_waker(&waker);
    let mut queue: VecDeque<_> = tasks.into_iter().collect();
    while let Some(mut task) = queue.pop_front() {
        if task.as_mut().poll(&mut context).is_pending() {
            queue.push_back(task);
        }
    }
    counter.0.load(Ordering::Relaxed)
}

/// Runs the example, which checks its own results.
pub fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(&engine, MODULE)?;
    let mut linker = Linker::new(&engine);
    // The future owns its data, because it cannot borrow from the store while it waits.
    linker.func_wrap_async(
        "host",
        "fetch",
        |caller: Caller<'_, Guest>, (key,): (i32,)| {
            let name = caller.data().name;
            let fetched = Arc::clone(&caller.data().fetched);
            async move {
                turns(key.unsigned_abs()).await;
                fetched.fetch_add(1, Ordering::Relaxed);
                println!("{name} has fetched {key}");
                Ok(i64::from(key) * 10)
            }
        },
    )?;

    let total = Cell::new(0);
    let (engine, module, linker, sum) = (&engine, &module, &linker, &total);
    let guests = [("first", 3), ("second", 1), ("third", 2)];
    let wakes = run_all(guests.map(|(name, keys)| {
        let guest = async move {
            let fetched = Arc::new(AtomicU32::new(0));
            let data = Guest {
                name,
                fetched: Arc::clone(&fetched),
            };
            let mut store = Store::new(engine, data);
            let instance = linker.instantiate_async(&mut store, module).await?;
            let run = instance.get_typed_func::<i32, i64>(&mut store, "run")?;
            let result = run.call_async(&mut store, keys).await?;
            println!("{name} ends with {result}");
            sum.set(sum.get() + result);
            assert_eq!(fetched.load(Ordering::Relaxed), keys.unsigned_abs());
            Ok::<(), Error>(())
        };
        Box::pin(async move { guest.await.expect("the guest returns") })
            as Pin<Box<dyn Future<Output = ()>>>
    }));
    println!("{} in all, after {wakes} wakes", total.get());
    assert_eq!(total.get(), 60 + 10 + 30);
    Ok(())
}
