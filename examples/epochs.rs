//! Epochs: a clock that any thread of the host can advance, to stop guests that run for too long.
//! Epochs cost less time than fuel, but are not deterministic.

use backstitch::*;
use std::thread;
use std::time::Duration;

const MODULE: &str = r#"
    (module
        (import "host" "tick" (func $tick))
        (func (export "spin") (loop $again (br $again)))
        (func (export "ticks") (param $count i32)
            (loop $again
                (call $tick)
                (local.set $count (i32.sub (local.get $count) (i32.const 1)))
                (br_if $again (local.get $count)))))
"#;

fn main() -> Result<()> {
    let mut config = Config::new();
    config.epoch_interruption(true);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, MODULE)?;

    // The store's data counts the calls of the callback below.
    let mut store = Store::new(&engine, 0_u32);
    let ticking = engine.clone();
    let tick = Func::wrap(&mut store, move || ticking.increment_epoch());
    store.set_epoch_deadline(1);
    let instance = Instance::new(&mut store, &module, &[tick.into()])?;

    // Another thread advances the clock after a while, so that the endless loop traps.
    let spin = instance.get_typed_func::<(), ()>(&mut store, "spin")?;
    store.set_epoch_deadline(1);
    let clock = thread::spawn({
        let engine = engine.clone();
        move || {
            thread::sleep(Duration::from_millis(20));
            engine.increment_epoch();
        }
    });
    let error = spin.call(&mut store, ()).unwrap_err();
    clock.join().expect("the clock thread succeeds");
    println!("spinning: {}", error.root_cause());
    assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));

    // A deadline that is not reached has no effect.
    let ticks = instance.get_typed_func::<i32, ()>(&mut store, "ticks")?;
    store.set_epoch_deadline(11);
    ticks.call(&mut store, 10)?;

    // A callback can decide instead. This one extends the deadline by two ticks, three times.
    store.epoch_deadline_callback(|mut context| {
        *context.data_mut() += 1;
        if *context.data() > 3 {
            bail!("three extensions are enough");
        }
        Ok(UpdateDeadline::Continue(2))
    });
    store.set_epoch_deadline(2);
    let error = ticks.call(&mut store, 100).unwrap_err();
    println!("after {} deadlines: {}", store.data(), error.root_cause());
    assert_eq!(*store.data(), 4);

    // Deadlines trap again.
    store.epoch_deadline_trap();
    store.set_epoch_deadline(1);
    let error = ticks.call(&mut store, 100).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
    Ok(())
}
