# Prints a table of counts. Each line of the input has the set of a program, its name, and for each
# runtime the numbers of instructions and misses, or `-`. `names` are those of the runtimes, of which
# the first is the reference.

function head(    i) {
    printf "%-28s %-9s", machine ", millions", "set"
    for (i = 1; i <= columns; i++) printf " %10s %6s %6s", runtime[i], "ratio", "misses"
    printf "\n"
}

# Adds a ratio of a runtime to the mean of a set.
function add(set, i, ratio, name) {
    sum[set, i] += log(ratio)
    count[set, i]++
    if (ratio > worst[set, i]) {
        worst[set, i] = ratio
        slowest[set, i] = name
    }
}

BEGIN {
    columns = split(names, runtime, ",")
    head()
}

{
    printf "%-28s %-9s", $2, $1
    if (!($1 in sets)) order[++number] = $1
    sets[$1]
    for (i = 1; i <= columns; i++) {
        instructions = $(2 * i + 1)
        misses = $(2 * i + 2)
        if (instructions == "-" || $3 == "-") {
            printf " %10s %6s %6s", "-", "-", "-"
            continue
        }
        ratio = instructions / $3
        add($1, i, ratio, $2)
        printf " %10.2f %6.3f", instructions / 1e6, ratio
        if (misses == "-") {
            printf " %6s", "-"
        } else {
            rate = misses / instructions * 1000
            all[$1, i] += rate
            if (rate > most[$1, i]) most[$1, i] = rate
            printf " %6.2f", rate
        }
    }
    printf "\n"
    fflush()
}

END {
    printf "\n%-9s %-12s %8s %14s  %-24s %14s %14s\n", "set", "runtime", "programs", "geometric mean",
        "worst", "mean of misses", "most misses"
    for (n = 1; n <= number; n++) {
        set = order[n]
        for (i = 1; i <= columns; i++) {
            if (!count[set, i]) continue
            printf "%-9s %-12s %8d %14.3f  %-24s %14.2f %14.2f\n", set, runtime[i], count[set, i],
                exp(sum[set, i] / count[set, i]),
                slowest[set, i] " " sprintf("%.3f", worst[set, i]), all[set, i] / count[set, i], most[set, i]
        }
    }
}
