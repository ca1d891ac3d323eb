// JavaScript in QuickJS: a compiler to byte code for a stack machine, shapes, reference counts.

#include "common.h"
#include "quickjs.h"

static const char script[] =
    "'use strict';\n"
    "class Shape { constructor(x) { this.x = x } area() { return this.x * this.x } }\n"
    "class Circle extends Shape { area() { return super.area() * 3.14159 } }\n"
    "let total = 0, words = new Map(), list = [];\n"
    "for (let i = 0; i < n; i++) {\n"
    "  const shape = i % 3 ? new Circle(i) : new Shape(i);\n"
    "  total += shape.area() % 1000;\n"
    "  const word = `w${i * 7919 % 97}`;\n"
    "  words.set(word, (words.get(word) ?? 0) + 1);\n"
    "  list.push({ word, at: i, ...(i % 2 ? { odd: true } : {}) });\n"
    "}\n"
    "list.sort((a, b) => a.word < b.word ? -1 : a.word > b.word ? 1 : a.at - b.at);\n"
    "const fib = k => k < 2 ? k : fib(k - 1) + fib(k - 2);\n"
    "function* evens() { for (const it of list) if (!it.odd) yield it.at; }\n"
    "let hash = 0;\n"
    "for (const at of evens()) hash = (hash * 31 + at) | 0;\n"
    "const text = JSON.stringify(list.filter(it => it.odd).map(it => [it.word, it.at]));\n"
    "const found = text.replace(/w(\\d)(\\d)/g, '$2$1').match(/[1-5]+/g).length;\n"
    "[Math.round(total), fib(14), hash, found, text.length, [...words].join()].join(' ');\n";

int64_t run(int32_t n) {
    uint64_t sum = 1;
    JSRuntime *runtime = JS_NewRuntime();
    JSContext *context = JS_NewContext(runtime);
    JSValue global = JS_GetGlobalObject(context);
    JS_SetPropertyStr(context, global, "n", JS_NewInt32(context, n));
    JSValue value = JS_Eval(context, script, sizeof script - 1, "script.js", JS_EVAL_TYPE_GLOBAL);
    if (JS_IsException(value)) __builtin_trap();
    size_t length;
    const char *text = JS_ToCStringLen(context, &length, value);
    add_bytes(&sum, text, length);
    JS_FreeCString(context, text);
    JS_FreeValue(context, value);
    JS_FreeValue(context, global);
    JS_FreeContext(context);
    JS_FreeRuntime(runtime);
    return (int64_t)sum;
}
