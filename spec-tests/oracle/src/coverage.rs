//! What was executed, and how often.

use std::collections::BTreeMap;
use wasmparser::Operator;

macro_rules! edges {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What can go otherwise than usual where stacks are switched.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Edge {
            $($(#[$doc])* #[doc = $text] $name,)*
        }

        impl Edge {
            /// All of them.
            pub const ALL: &[Edge] = &[$(Edge::$name,)*];

            /// What it is, in words.
            pub fn text(self) -> &'static str {
                match self {
                    $(Edge::$name => $text,)*
                }
            }

            /// Whether there must be exceptions for it.
            pub fn needs_exceptions(self) -> bool {
                use Edge::*;
                matches!(
                    self,
                    OneTagForAll | ThrowAcrossResume | ThrowCaughtInside | ResumeThrowFresh
                        | ResumeThrowSuspended | ResumeThrowRef | NullExceptionFirst
                        | HostCatchesException
                )
            }
        }
    };
}

edges! {
    WrongKindSkipped = "a clause of the wrong kind is skipped, with the right tag",
    WrongKindGoesOn = "the search goes on outwards after a clause of the wrong kind",
    FirstClauseWins = "the first of several clauses for a tag wins",
    SearchPassesParents = "a suspension passes parents that have no clause for it",
    OneTagForAll = "one tag is thrown, suspended with and switched with",
    OtherInstanceSkipped = "a clause for another tag of the same type is skipped",
    AliasMatches = "a clause names a tag by another index, or from another instance",
    HandlerGetsPayload = "a handler gets a payload and the continuation",
    CapturedWhole = "several stacks are captured at once",
    OtherParent = "several stacks are resumed under another parent",
    ReturnAfterSwitch = "a return after a switch goes to the original resume",
    SwitchToFresh = "a switch to a fresh continuation",
    SwitchToSuspended = "a switch to a suspended continuation",
    UnhandledSwitch = "a switch without a clause leaves its peer as it was",
    ThrowAcrossResume = "an exception crosses a resume into a handler of the resumer",
    ThrowCaughtInside = "an exception is caught in a continuation",
    ResumeThrowFresh = "an exception is raised in a fresh continuation",
    ResumeThrowSuspended = "an exception is raised in a suspended continuation",
    ResumeThrowRef = "a caught exception is raised in a continuation",
    NullExceptionFirst = "a null exception is reported, and the continuation not consumed",
    TrapEndsChain = "a trap ends a whole chain of stacks",
    HostCatchesTrap = "a host function on a continuation catches a trap",
    HostCatchesException = "a host function on a continuation catches an exception",
    HostIsBarrier = "a suspension does not pass a host function",
    SuspendOnInitialStack = "a suspension on the initial stack",
    BottomTailCall = "a tail call replaces a continuation's bottom frame",
    BottomTailCallToHost = "a tail call to the host replaces a continuation's bottom frame",
    TailCallToHost = "a tail call to the host",
    HostOnContinuation = "a host function is a continuation's function",
    ReentryOnContinuation = "a host function on a continuation calls WebAssembly again",
    StackExhausted = "a continuation's stack is exhausted",
    DeepChain = "a chain of more than 50 stacks",
    LargeArity = "more than 100 values are passed to, from or with a continuation",
    ExitFromInside = "the host ends the process on a continuation",
    ContinuationInTable = "a continuation is resumed that was in a table",
    ContinuationInGlobal = "a continuation is resumed that was in a global",
    ContinuationInPayload = "a continuation is passed as a payload",
    BindFresh = "a fresh continuation is bound",
    BindSuspended = "a suspended continuation is bound",
    BindNothing = "nothing is bound to a continuation, which consumes it",
    BoundReference = "a continuation is resumed with references that were bound",
    Null = "a null continuation is used",
    Consumed = "a consumed continuation is used",
    InCycle = "a suspended continuation can be reached from itself",
    Unreachable = "a suspended continuation becomes unreachable",
}

macro_rules! define_names {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        /// The operator's name, as the parser has it.
        fn name(operator: &Operator<'_>) -> &'static str {
            match operator {
                $(Operator::$op { .. } => stringify!($op),)*
                _ => "other",
            }
        }
    };
}

wasmparser::for_each_operator!(define_names);

/// Counts of what was executed.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Executions of each operator.
    pub operators: BTreeMap<&'static str, u64>,
    /// How often each edge was met.
    pub edges: BTreeMap<Edge, u64>,
}

impl Coverage {
    pub(crate) fn operator(&mut self, operator: &Operator<'_>) {
        *self.operators.entry(name(operator)).or_default() += 1;
    }

    pub(crate) fn edge(&mut self, edge: Edge) {
        *self.edges.entry(edge).or_default() += 1;
    }

    pub(crate) fn edge_if(&mut self, condition: bool, edge: Edge) {
        if condition {
            self.edge(edge);
        }
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Coverage) {
        for (name, count) in &other.operators {
            *self.operators.entry(name).or_default() += count;
        }
        for (&edge, count) in &other.edges {
            *self.edges.entry(edge).or_default() += count;
        }
    }
}
