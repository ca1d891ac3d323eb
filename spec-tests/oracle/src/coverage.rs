//! What was executed, and how often.

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
    CaughtByTag = "a catch clause is taken",
    CaughtByTagRef = "a catch_ref clause is taken",
    CaughtAll = "a catch_all clause is taken",
    CaughtAllRef = "a catch_all_ref clause is taken",
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

macro_rules! define_kinds {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        /// An operator without its immediates.
        #[derive(Clone, Copy)]
        enum Kind {
            $($op,)*
            Other,
        }

        /// The operators' names, as the parser has them.
        const NAMES: &[&str] = &[$(stringify!($op),)* "other"];

        fn kind(operator: &Operator<'_>) -> Kind {
            match operator {
                $(Operator::$op { .. } => Kind::$op,)*
                _ => Kind::Other,
            }
        }
    };
}

wasmparser::for_each_operator!(define_kinds);

/// Counts of what was executed.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// Executions of each operator, in the order of their names' list.
    operators: Vec<u64>,
    /// How often each edge was met, in their order.
    edges: [u64; Edge::ALL.len()],
}

impl Default for Coverage {
    fn default() -> Self {
        Coverage {
            operators: vec![0; NAMES.len()],
            edges: [0; Edge::ALL.len()],
        }
    }
}

impl Coverage {
    pub(crate) fn operator(&mut self, operator: &Operator<'_>) {
        self.operators[kind(operator) as usize] += 1;
    }

    pub(crate) fn edge(&mut self, edge: Edge) {
        self.edges[edge as usize] += 1;
    }

    pub(crate) fn edge_if(&mut self, condition: bool, edge: Edge) {
        if condition {
            self.edge(edge);
        }
    }

    /// The operators that were executed, each with how often.
    pub fn operators(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = NAMES.iter().copied().zip(self.operators.iter().copied());
        counts.filter(|&(_, count)| count > 0)
    }

    /// How often an edge was met.
    pub fn count(&self, edge: Edge) -> u64 {
        self.edges[edge as usize]
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Coverage) {
        for (count, more) in self.operators.iter_mut().zip(&other.operators) {
            *count += more;
        }
        for (count, more) in self.edges.iter_mut().zip(&other.edges) {
            *count += more;
        }
    }
}
