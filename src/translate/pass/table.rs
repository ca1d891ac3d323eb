//! Instructions on tables, globals and references.

use super::function::Function;
use super::operand::{Class, Kind, Place};
use crate::code::cells::{
    ElemDrop, GlobalGet, GlobalGetSlot, GlobalSet, GlobalSetAcc, RefAsNonNull, RefFunc, Row,
    TableCopy, TableFill, TableGet, TableGetWide, TableGrow, TableInit, TableSet, TableSetWide,
    TableSize,
};
use crate::code::{ModuleElements, ModuleFunc, ModuleGlobal, ModuleTable, NearSlot, Unused};

impl Function<'_> {
    /// Returns the kind of a table's indices.
    fn table_index(&self, table: u32) -> Kind {
        if self.module.tables[table as usize].table64 {
            Kind::I64
        } else {
            Kind::I32
        }
    }

    /// Writes a cell whose result goes to the slot of a new operand, and to no accumulator.
    pub fn slot_result<C: Row>(&mut self, kind: Kind, cell: impl FnOnce(NearSlot) -> C) {
        let slot = self.values.frame.temp(self.values.height());
        let result = self.values.destination(slot);
        let cell = self.values.assembler.emit(cell(result));
        self.values.push_made(kind, cell);
        self.values.put(kind.class(), slot);
    }

    /// `table.size`.
    pub fn table_size(&mut self, table: u32) {
        let kind = self.table_index(table);
        let table = ModuleTable(table);
        self.slot_result(kind, |result| TableSize { result, table });
    }

    /// Returns the kind of a table's elements, and whether they have 64 bits.
    fn element(&self, table: u32) -> (Kind, bool) {
        let kind = self.module.tables[table as usize].element.into();
        (kind, kind == Kind::ContRef)
    }

    /// `table.get`.
    pub fn table_get(&mut self, table: u32) {
        let index = self.values.pop();
        let slot = self.values.slot(&index);
        let index = self.values.source(slot, 1);
        let (kind, is_wide) = self.element(table);
        let table = ModuleTable(table);
        if is_wide {
            self.slot_result(kind, |result| TableGetWide {
                result,
                index,
                table,
            });
        } else {
            self.slot_result(kind, |result| TableGet {
                result,
                index,
                table,
            });
        }
    }

    /// `table.set`.
    pub fn table_set(&mut self, table: u32) {
        let value = self.values.pop();
        let index = self.values.pop();
        let (index, value) = (self.values.slot(&index), self.values.slot(&value));
        let (index, value) = (self.values.source(index, 0), self.values.source(value, 1));
        let (_, is_wide) = self.element(table);
        let table = ModuleTable(table);
        if is_wide {
            self.values.assembler.emit(TableSetWide {
                index,
                value,
                table,
            });
        } else {
            self.values.assembler.emit(TableSet {
                index,
                value,
                table,
            });
        }
    }

    /// `table.grow`.
    pub fn table_grow(&mut self, table: u32) {
        let result = self.table_index(table);
        self.bulk_service(2, Some(result), |operands| TableGrow {
            operands,
            table: ModuleTable(table),
        });
    }

    /// `table.fill`.
    pub fn table_fill(&mut self, table: u32) {
        self.bulk_service(3, None, |operands| TableFill {
            operands,
            table: ModuleTable(table),
        });
    }

    /// `table.copy`.
    pub fn table_copy(&mut self, to: u32, from: u32) {
        self.bulk_service(3, None, |operands| TableCopy {
            operands,
            to: ModuleTable(to),
            from: ModuleTable(from),
        });
    }

    /// `table.init`.
    pub fn table_init(&mut self, elements: u32, table: u32) {
        self.bulk_service(3, None, |operands| TableInit {
            operands,
            elements: ModuleElements(elements),
            table: ModuleTable(table),
        });
    }

    /// `elem.drop`.
    pub fn elem_drop(&mut self, elements: u32) {
        self.service(0, None, |operands| ElemDrop {
            operands,
            elements: ModuleElements(elements),
        });
    }

    /// `global.get`.
    pub fn global_get(&mut self, global: u32) {
        let kind: Kind = self.module.globals[global as usize].value.into();
        let global = ModuleGlobal(global);
        if kind == Kind::V128 {
            return self.global_get_vector(global);
        }
        self.values.free_acc(Class::Int);
        if kind.class() != Class::Int {
            return self.slot_result(kind, |result| GlobalGetSlot { result, global });
        }
        let cell = self.values.assembler.emit(GlobalGet {
            result: Unused,
            global,
        });
        self.values.push_acc(kind, cell);
    }

    /// `global.set`.
    pub fn global_set(&mut self, global: u32) {
        let global = ModuleGlobal(global);
        let value = self.values.pop();
        if value.kind == Kind::V128 {
            return self.global_set_vector(global, &value);
        }
        if value.kind.class() == Class::Int && self.values.place(&value) == Place::Acc {
            self.values.assembler.emit(GlobalSetAcc { global });
            return;
        }
        let slot = self.values.slot(&value);
        let value = self.values.source(slot, 1);
        self.values.assembler.emit(GlobalSet { value, global });
    }

    /// `ref.as_non_null`.
    pub fn ref_as_non_null(&mut self) {
        let operand = self.values.pop();
        let slot = self.values.slot(&operand);
        let reference = self.values.source(slot, 1);
        self.values.assembler.emit(RefAsNonNull { reference });
        self.values.push_slot(&operand);
    }

    /// `ref.func`.
    pub fn ref_func(&mut self, function: u32) {
        self.service(0, Some(Kind::FuncRef), |operands| RefFunc {
            operands,
            function: ModuleFunc(function),
        });
    }
}
