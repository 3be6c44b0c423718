#include "base/metrics_table.h"

void metrics_write_head(struct buffer *out, const char *family, const char *type, const char *help)
{
    buffer_append_format(out, "# HELP %s %s\n# TYPE %s %s\n", family, help, family, type);
}

/* Appends a label's value with the escapes of the format: \\ \" \n. */
static void write_label_value(struct buffer *out, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\n') {
            buffer_append_string(out, "\\n");
            continue;
        }
        if (*value == '\\' || *value == '"') {
            buffer_append_char(out, '\\');
        }
        buffer_append_char(out, *value);
    }
}

static void write_sample(struct buffer *out, const struct metrics_name *info, int64_t value)
{
    if (info->label2 != NULL) {
        buffer_append_format(out, "%s{%s=\"%s\",%s=\"%s\"} %lld\n", info->family, info->label, info->value,
                             info->label2, info->value2, (long long)value);
    } else if (info->label != NULL) {
        buffer_append_format(out, "%s{%s=\"%s\"} %lld\n", info->family, info->label, info->value, (long long)value);
    } else {
        buffer_append_format(out, "%s %lld\n", info->family, (long long)value);
    }
}

static void write_counters(struct buffer *out)
{
    for (size_t i = 0; i < COUNT_COUNT; i++) {
        if (metrics_counters[i].help != NULL) {
            metrics_write_head(out, metrics_counters[i].family, "counter", metrics_counters[i].help);
        }
        write_sample(out, &metrics_counters[i], (int64_t)count_read((enum counter)i));
    }
}

static void write_gauges(struct buffer *out)
{
    for (size_t i = 0; i < GAUGE_COUNT; i++) {
        metrics_write_head(out, metrics_gauges[i].family, "gauge", metrics_gauges[i].help);
        int64_t value = gauge_read((enum gauge)i);
        if (value != GAUGE_NOT_SHOWN) {
            write_sample(out, &metrics_gauges[i], value);
        }
    }
}

static void write_refusals(struct buffer *out)
{
    metrics_write_head(out, "certlookup_refusals_total", "counter", "Values refused, by reason.");
    for (size_t i = REASON_USABLE + 1; i < REASON_NO_DIRECTORY; i++) {
        buffer_append_format(out, "certlookup_refusals_total{reason=\"%s\"} %llu\n", reason_word((enum reason)i),
                             (unsigned long long)metrics_refusals((enum reason)i));
    }
}

static void write_directory_label(struct buffer *out, const char *family, const struct directory_row *row)
{
    buffer_append_format(out, "%s{directory=\"", family);
    write_label_value(out, row->name != NULL ? row->name : "other");
    buffer_append_char(out, '"');
}

/* All samples of counters `first` to before `end`, which are one family, for each directory. */
static void write_directory_family(struct buffer *out, size_t first, size_t end)
{
    const struct metrics_name *names = metrics_directory_counters;
    const struct directory_row *row;

    metrics_write_head(out, names[first].family, "counter", names[first].help);
    for (size_t i = 0; (row = metrics_directory_row(i)) != NULL; i++) {
        for (size_t at = first; at < end; at++) {
            write_directory_label(out, names[at].family, row);
            if (names[at].label != NULL) {
                buffer_append_format(out, ",%s=\"%s\"", names[at].label, names[at].value);
            }
            buffer_append_format(out, "} %llu\n",
                                 (unsigned long long)atomic_load_explicit(&row->counters[at], memory_order_relaxed));
        }
    }
}

static void write_directory_gauge(struct buffer *out, enum directory_gauge gauge)
{
    const struct directory_row *row;

    metrics_write_head(out, metrics_directory_gauges[gauge].family, "gauge", metrics_directory_gauges[gauge].help);
    for (size_t i = 0; (row = metrics_directory_row(i)) != NULL; i++) {
        int64_t value = atomic_load_explicit(&row->gauges[gauge], memory_order_relaxed);

        if (value != GAUGE_NOT_SHOWN) {
            write_directory_label(out, metrics_directory_gauges[gauge].family, row);
            buffer_append_format(out, "} %lld\n", (long long)value);
        }
    }
}

static void write_directories(struct buffer *out)
{
    size_t end;

    for (size_t first = 0; first < DIRECTORY_COUNTER_COUNT; first = end) {
        for (end = first + 1; end < DIRECTORY_COUNTER_COUNT && metrics_directory_counters[end].help == NULL; end++) {
        }
        write_directory_family(out, first, end);
    }
    for (size_t i = 0; i < DIRECTORY_GAUGE_COUNT; i++) {
        write_directory_gauge(out, (enum directory_gauge)i);
    }
}

void metrics_write(struct buffer *buffer)
{
    write_counters(buffer);
    write_refusals(buffer);
    write_directories(buffer);
    metrics_write_times(buffer);
    write_gauges(buffer);
    metrics_write_process(buffer);
}
