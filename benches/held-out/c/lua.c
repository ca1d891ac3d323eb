// Lua in C: a register machine with a table-driven dispatch, hash tables, strings, a collector.

#include "common.h"
#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

static const char script[] =
    "local n = ...\n"
    "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end\n"
    "local Point = {}\n"
    "Point.__index = Point\n"
    "Point.__add = function(a, b) return setmetatable({ x = a.x + b.x, y = a.y - b.y }, Point) end\n"
    "local sum = setmetatable({ x = 0, y = 0.5 }, Point)\n"
    "local words, counts = {}, {}\n"
    "for i = 1, n do\n"
    "  sum = sum + setmetatable({ x = i % 17, y = i / 3 }, Point)\n"
    "  words[i] = ('%s-%d'):format(string.rep('a', i % 5), i * 7919 % 101)\n"
    "  for part in words[i]:gmatch('%w+') do counts[part] = (counts[part] or 0) + 1 end\n"
    "end\n"
    "table.sort(words, function(a, b) return a < b end)\n"
    "local keys = {}\n"
    "for key, count in pairs(counts) do keys[#keys + 1] = key .. '=' .. count end\n"
    "table.sort(keys)\n"
    "return table.concat(words, ',') .. table.concat(keys, ';') .. sum.x .. ' ' .. fib(14)\n";

int64_t run(int32_t n) {
    uint64_t sum = 1;
    lua_State *state = luaL_newstate();
    luaL_requiref(state, "_G", luaopen_base, 1);
    luaL_requiref(state, "string", luaopen_string, 1);
    luaL_requiref(state, "table", luaopen_table, 1);
    lua_settop(state, 0);
    if (luaL_loadstring(state, script) != LUA_OK) __builtin_trap();
    lua_pushinteger(state, n);
    lua_call(state, 1, 1);
    size_t length;
    const char *result = lua_tolstring(state, -1, &length);
    add_bytes(&sum, result, length);
    lua_close(state);
    return (int64_t)sum;
}
