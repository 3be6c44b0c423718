# Lines "ours peer", one a round → a line of bench.tsv: name, both medians, and of the rounds' ratios the median, the
# lowest and the highest. Of miss_added_us the difference stands in the ratio's place.
#
#     awk -v name=NAME -f medians.awk ROUNDS

function sorted(values, count,    i, j, value) {
    for (i = 2; i <= count; i++) {
        value = values[i]
        for (j = i - 1; j >= 1 && values[j] > value; j--) values[j + 1] = values[j]
        values[j + 1] = value
    }
}

function median(values, count) {
    sorted(values, count)
    return count % 2 == 1 ? values[(count + 1) / 2] : (values[count / 2] + values[count / 2 + 1]) / 2
}

NF != 2 || $1 !~ /^[0-9.]+$/ || $2 !~ /^[0-9.]+$/ || $2 == 0 { bad = 1; exit }
{
    ours[NR] = $1 + 0
    peer[NR] = $2 + 0
    ratio[NR] = name == "miss_added_us" ? $1 - $2 : $1 / $2
}
END {
    if (bad || NR == 0) {
        print "bench: " name ": no rate: " $0 > "/dev/stderr"
        exit 2
    }
    format = name == "miss_added_us" ? "%.0f" : "%.3f"
    middle = median(ratio, NR)
    printf "%s\t%.0f\t%.0f\t" format "\t" format "\t" format "\n", name, median(ours, NR), median(peer, NR), middle,
           ratio[1], ratio[NR]
}
