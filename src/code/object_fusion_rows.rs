//! The sequences of cells on structures, arrays and casts that have a handler of their own (see
//! [`fusion`](super::fusion)).
//!
//! Most rows are those of 140 that `FUSIONS=140` in `benches/profile` chooses by the programs on
//! objects of `benches/workloads`, as far as they contain a cell on objects. A few others have the
//! form that compilers of object-oriented languages generate: the method of an object, a field of
//! an object that was cast, a field that is incremented. Targets with 32-bit addresses have none of
//! them.
//!
//! `for_each_object_fusion!` calls `$callback!` with the tokens and the rows that it was given and,
//! behind a semicolon, these rows, then those of [`fuel_fusion_rows`](super::fuel_fusion_rows).

macro_rules! for_each_object_fusion {
    ($callback:ident [$($extra:tt)*] { $($rows:tt)* }) => {
        $crate::code::fuel_fusion_rows::for_each_fuel_fusion! { $callback [$($extra)*] {
            $($rows)*
            ;
            [ZeroLocals::cell StructGetI32::s_d]
            [CopyThrough::cell StructGetI32::r_d]
            [StructGetI32::s_d RefAsNonNull::cell]
            [StructGetI32::s_d StructGetI32::s]
            [I32And::si ArrayGetI32::sr_d]
            [RefCastAny::cell I31GetU::r]
            [StructGetI32::s_d Branch::cell]
            [StructGetI32::s I32GtU::br_if_rs]
            [Copy::cell BrOnCast::cell]
            [StructGetI32::s StructGetI32::r_d]
            [I32GeU::br_if_ss ArrayGet8U::ss_d]
            [StructNew2::cell ReturnSlot::cell]
            [StructGetI32::s_d StructGetI32::s_d]
            [ArrayGetI32::ss_d RefAsNonNull::cell]
            [StructGetI32::s I64Add::rs_d]
            [CopyAcc::cell StructGetI32::s_d]
            [StructGetI32::s_d Copy::cell]
            [StructSetRef::sr CopyAcc::cell]
            [I31GetU::r ReturnAcc::cell]
            [Copy::cell BrOnCastAny::cell]
            [ArraySetRef::sr I32Add::si_d]
            [RefCast::cell StructGetI32::s]
            [ZeroLocals::cell RefCast::cell]
            [RefCast::cell CopyThrough::cell]
            [Const32::cell StructNew3::cell]
            [I32Add::si_d StructGetI32::s_d]
            [CopyAcc::cell StructGetI32::s]
            [StructGetI32::s_d RefCast::cell]
            [ArrayGetI32::sr ReturnAcc::cell]
            [StructGetI32::r_d Copy::cell]
            [StructGetI32::s ArrayGetI32::sr]
            [I31GetS::s I64ExtendI32S::r]
            [RefCast::cell Copy::cell]
            [StructGetI32::s I32LeU::br_if_rs]
            [Const32::cell StructNew2::cell]
            [StructNew2::cell ReturnAcc::cell]
            [ArrayGetI32::sr_d I32Add::si_d]
            [StructGetI32::s StructGetI32::r]
            [StructGetI32::s_d StructGetI32::r_d]
            [StructGetI32::r_d Copy2::cell]
            [StructGetI32::s ReturnAcc::cell]
            [StructGetI32::r ReturnAcc::cell]
            [RefCast::cell StructGetI32::s_d]
            [RefCast::cell StructGetI64::s]
            [RefCast::cell StructSet32::sr]
            [RefCast::cell StructSetRef::sr]
            [StructGetI32::s_d ArrayGetI32::ss]
            [StructGetI32::s ArrayGetI32::rs]
            [StructGetI32::s_d ArrayGetI32::ss_d]
            [StructGetI32::s I32Add::ri]
            [I32Add::ri StructSet32::sr]
            [StructNew1::cell ReturnSlot::cell]
            [StructNew3::cell ReturnSlot::cell]
            [StructNew4::cell ReturnSlot::cell]
            [I31GetU::r I32Add::rs]
            [StructGetI32::s I31GetS::r]
            [RefCastAny::cell I31GetU::r ReturnAcc::cell]
            [ZeroLocals::cell StructGetI32::s_d I32Ne::br_if_ri]
            [CopyThrough::cell StructGetI32::r_d I32Ne::br_if_rs]
            [StructGetI32::s StructGetI32::r_d Copy2::cell]
            [StructGetI32::s_d RefAsNonNull::cell Call::cell]
            [ZeroLocals::cell StructGetI32::s_d RefAsNonNull::cell]
            [I32And::si ArrayGetI32::sr_d RefCastAny::cell]
            [I32GeU::br_if_ss ArrayGet8U::ss_d Copy::cell]
            [StructGetI32::s_d RefAsNonNull::cell CopyAcc::cell]
            [StructSetRef::sr CopyAcc::cell Branch::cell]
            [StructGetI32::s_d Copy::cell Call::cell]
            [I64Add::rs_d I32Add::si_d StructGetI32::s]
            [ArrayGetI32::ss_d RefAsNonNull::cell Call::cell]
            [CopyThrough::cell StructGetI32::r_d Copy::cell]
            [I32Add::si_d Copy::cell BrOnCast::cell]
            [I32Add::si_d StructGetI32::s_d Branch::cell]
            [ZeroLocals::cell RefCast::cell CopyThrough::cell]
            [StructGetI32::s_d StructGetI32::s_d Copy::cell]
            [RefCast::cell StructGetI32::s ArrayGetI32::sr]
            [StructGetI32::s_d RefCast::cell StructGetI32::s]
            [I31GetS::s I64ExtendI32S::r ReturnAcc::cell]
            [StructGetI32::r_d Copy::cell Call::cell]
            [RefCast::cell Copy::cell Branch::cell]
            [Copy::cell BrOnCast::cell BrOnCast::cell]
            [StructGetI32::s I64Add::rs_d Branch::cell]
            [ArrayGetI32::sr_d I32Add::si_d Copy::cell]
            [Copy::cell BrOnCast::cell RefCast::cell]
            [StructGetI32::s I32Add::ri StructSet32::sr]
        } }
    };
}

pub(crate) use for_each_object_fusion;
