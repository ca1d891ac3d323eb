//! Waiting at addresses of a shared memory.

use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::wait_queue::{Begun, Ticket, WaitQueue, WaitState};
use loom::model;
use loom::thread::{self, Thread};
use std::task::{Wake, Waker};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.unpark();
    }
}

/// Parks until the wait has ended, as the library does without a timeout.
fn park(ticket: &Ticket) {
    let unpark = std::sync::Arc::new(Unpark(thread::current()));
    ticket.set_waker(&Waker::from(unpark));
    while ticket.state() == WaitState::Waiting {
        thread::park();
    }
}

fn begin(queue: &WaitQueue) -> Arc<Ticket> {
    match queue.begin(8, None, || true) {
        Begun::Waiting(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_notification_is_lost() {
    model(|| {
        let queue = Arc::new(WaitQueue::default());
        let value = Arc::new(AtomicUsize::new(0));
        let (of_waiter, expected) = (Arc::clone(&queue), Arc::clone(&value));
        let waiter = thread::spawn(move || {
            let is_expected = || expected.load(Ordering::SeqCst) == 0;
            if let Begun::Waiting(ticket) = of_waiter.begin(8, None, is_expected) {
                // If the notification were lost, this would never return.
                park(&ticket);
                assert_eq!(ticket.state(), WaitState::Woken);
            }
        });
        value.store(1, Ordering::SeqCst);
        queue.notify(8, 1);
        waiter.join().expect("the waiting thread ends");
    });
}

#[test]
fn a_wait_ends_for_one_reason() {
    model(|| {
        let queue = Arc::new(WaitQueue::default());
        let ticket = begin(&queue);
        let of_notifier = Arc::clone(&queue);
        let notifier = thread::spawn(move || of_notifier.notify(8, 1));
        let timed_out = queue.time_out(&ticket);
        let woken = notifier.join().expect("the notifying thread ends") == 1;
        assert!(woken != timed_out);
        let expected = match woken {
            true => WaitState::Woken,
            false => WaitState::TimedOut,
        };
        assert_eq!(ticket.state(), expected);
    });
}

#[test]
fn notifications_of_two_threads_wake_two() {
    model(|| {
        let queue = Arc::new(WaitQueue::default());
        let tickets = [begin(&queue), begin(&queue)];
        let of_notifier = Arc::clone(&queue);
        let notifier = thread::spawn(move || of_notifier.notify(8, 1));
        let woken = queue.notify(8, 1);
        let other = notifier.join().expect("the notifying thread ends");
        assert_eq!((woken, other), (1, 1));
        assert!(
            tickets
                .iter()
                .all(|ticket| ticket.state() == WaitState::Woken)
        );
        assert_eq!(queue.notify(8, 1), 0);
    });
}
