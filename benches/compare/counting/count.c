/* A QEMU plugin that counts the instructions that a program executes.
 *
 * QEMU translates code in blocks. Each block adds the number of its instructions to the
 * count whenever it is executed. At the end the plugin prints the count, which `-d plugin`
 * shows.
 *
 * Debian's package lacks the header, so its parts that are used are declared here, for
 * version 1 of the interface (QEMU 7 and 8):
 * https://www.qemu.org/docs/master/devel/tcg-plugins.html */

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

typedef uint64_t Plugin;
struct Block;

void qemu_plugin_register_vcpu_tb_trans_cb(Plugin, void (*)(Plugin, struct Block *));
size_t qemu_plugin_tb_n_insns(const struct Block *);
void qemu_plugin_register_vcpu_tb_exec_inline(struct Block *, int operation, void *, uint64_t);
void qemu_plugin_register_atexit_cb(Plugin, void (*)(Plugin, void *), void *);
void qemu_plugin_outs(const char *);

/* The only operation of the interface. */
enum { ADD_64_BITS };

int qemu_plugin_version = 1;

static uint64_t instructions;

static void block_translated(Plugin plugin, struct Block *block) {
    (void)plugin;
    uint64_t count = qemu_plugin_tb_n_insns(block);
    qemu_plugin_register_vcpu_tb_exec_inline(block, ADD_64_BITS, &instructions, count);
}

static void program_ended(Plugin plugin, void *unused) {
    (void)plugin, (void)unused;
    char line[64];
    snprintf(line, sizeof line, "instructions: %" PRIu64 "\n", instructions);
    qemu_plugin_outs(line);
}

int qemu_plugin_install(Plugin plugin, const void *machine, int argc, char **argv) {
    (void)machine, (void)argc, (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(plugin, block_translated);
    qemu_plugin_register_atexit_cb(plugin, program_ended, NULL);
    return 0;
}
