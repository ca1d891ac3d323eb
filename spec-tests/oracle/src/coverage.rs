//! Counts of executed instructions and of special cases of stack switching.

use wasmparser::Operator;

macro_rules! edges {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A special case of stack switching that the tests have to cover.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Edge {
            $($(#[$doc])* #[doc = $text] $name,)*
        }

        impl Edge {
            /// All edges, in the order of their declaration.
            pub const ALL: &[Edge] = &[$(Edge::$name,)*];

            /// Returns a description of the edge.
            pub fn text(self) -> &'static str {
                match self {
                    $(Edge::$name => $text,)*
                }
            }
        }
    };
}

edges! {
    WrongKindSkipped = "a clause with the right tag but of the wrong kind is skipped",
    WrongKindGoesOn = "the search continues outwards after a clause of the wrong kind",
    FirstClauseWins = "the first of several clauses for a tag wins",
    SearchPassesParents = "a suspension passes parents that have no clause for it",
    OneTagForAll = "one tag is thrown, suspended with and switched with",
    OtherInstanceSkipped = "a clause for another tag of the same type is skipped",
    AliasMatches = "a clause names a tag by another index, or from another instance",
    HandlerGetsPayload = "a handler receives a payload and the continuation",
    CapturedWhole = "several stacks are captured at once",
    OtherParent = "several stacks are resumed under another parent",
    ReturnAfterSwitch = "a return after a switch goes to the original resume",
    SwitchToFresh = "a switch to a fresh continuation",
    SwitchToSuspended = "a switch to a suspended continuation",
    UnhandledSwitch = "a switch without a clause leaves its peer as it was",
    ThrowAcrossResume = "an exception crosses a resume into a handler of the resumer",
    ThrowCaughtInside = "an exception is caught in a continuation",
    CaughtByTag = "a catch clause catches an exception",
    CaughtByTagRef = "a catch_ref clause catches an exception",
    CaughtAll = "a catch_all clause catches an exception",
    CaughtAllRef = "a catch_all_ref clause catches an exception",
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
    ContinuationInTable = "a continuation that was in a table is resumed",
    ContinuationInGlobal = "a continuation that was in a global is resumed",
    ContinuationInPayload = "a continuation is passed as a payload",
    BindFresh = "a fresh continuation is bound",
    BindSuspended = "a suspended continuation is bound",
    BindNothing = "a continuation is consumed by cont.bind without arguments",
    BoundReference = "a continuation with bound references is resumed",
    Null = "a null continuation is used",
    Consumed = "a consumed continuation is used",
    InCycle = "a suspended continuation can be reached from itself",
    Unreachable = "a suspended continuation becomes unreachable",
}

macro_rules! define_kinds {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        /// An instruction without its immediates.
        #[derive(Clone, Copy)]
        enum Kind {
            $($op,)*
            Other,
        }

        /// Names of the instructions, as in `wasmparser::Operator`.
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

/// Counts of executed instructions and of edges.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// Executions of each instruction, in the order of `NAMES`.
    operators: Vec<u64>,
    /// Occurrences of each edge, in the order of [`Edge::ALL`].
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

    /// Returns the names of the executed instructions, each with its count.
    pub fn operators(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = NAMES.iter().copied().zip(self.operators.iter().copied());
        counts.filter(|&(_, count)| count > 0)
    }

    /// Returns how often an edge occurred.
    pub fn count(&self, edge: Edge) -> u64 {
        self.edges[edge as usize]
    }

    /// Adds the counts of `other` to these.
    pub fn add(&mut self, other: &Coverage) {
        for (count, more) in self.operators.iter_mut().zip(&other.operators) {
            *count += more;
        }
        for (count, more) in self.edges.iter_mut().zip(&other.edges) {
            *count += more;
        }
    }
}
