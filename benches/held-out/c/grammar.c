// tree-sitter: a generated table-driven parser that keeps trees of earlier versions.

#include <stdio.h>
#include <stdlib.h>

#include "common.h"
#include "tree_sitter/api.h"

const TSLanguage *tree_sitter_rust(void);

static void visit(TSNode node, int depth, uint64_t *sum) {
    add_word(sum, ts_node_symbol(node) * 64u + (unsigned)depth);
    add_word(sum, ts_node_end_byte(node));
    for (uint32_t at = 0; at < ts_node_child_count(node); at++) visit(ts_node_child(node, at), depth + 1, sum);
}

int64_t run(int32_t n) {
    uint64_t sum = 1, random = 0x75;
    char *source = malloc((size_t)n * 256 + 1);
    size_t length = 0;
    for (int32_t at = 0; at < n; at++) {
        static const char *const parts[] = {
            "fn f%u(a: &mut Vec<u8>, b: T) -> Option<%c> where T: Clone { for x in 0..%u { a.push(x as u8 + 1); } None }\n",
            "#[derive(Debug)] struct S%u<'a> { name: &'a str, %c: [u32; %u] } // a comment\n",
            "impl S%u { const A: %c = %u; fn g(&self) -> bool { match self.x { Some(1 | 2) if true => !false, _ => { let c = |y| y * 2; c(3) > 4 } } } }\n",
            "macro_rules! m%u { ($%c:expr) => { println!(\"{} {}\\n\", $a, %u) } } use std::{fmt, io::*};\n"};
        length += (size_t)sprintf(source + length, parts[below(&random, 4)], below(&random, 1000),
            'a' + (int)below(&random, 26), below(&random, 9));
    }
    TSParser *parser = ts_parser_new();
    if (!ts_parser_set_language(parser, tree_sitter_rust())) __builtin_trap();
    TSTree *tree = ts_parser_parse_string(parser, NULL, source, (uint32_t)length);
    visit(ts_tree_root_node(tree), 0, &sum);
    // Typed characters: only what is near them is parsed again.
    for (int change = 0; change < 10; change++) {
        uint32_t at = below(&random, (uint32_t)length);
        source[at] = ' ';
        TSPoint point = {0, at};
        TSInputEdit edit = {at, at + 1, at + 1, point, point, point};
        ts_tree_edit(tree, &edit);
        TSTree *next = ts_parser_parse_string(parser, tree, source, (uint32_t)length);
        ts_tree_delete(tree);
        tree = next;
    }
    visit(ts_tree_root_node(tree), 0, &sum);
    ts_tree_delete(tree);
    ts_parser_delete(parser);
    free(source);
    return (int64_t)sum;
}
