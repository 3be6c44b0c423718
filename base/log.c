#include "base/log.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"

/* A longer value is cut, so that it leaves room for the fields behind it. */
#define MAX_VALUE_SHOWN 1024

static const char *const level_words[] = {"error", "warning", "notice", "info", "debug"};

/* No more than goes into a pipe in one piece, whoever else writes there: no line is torn. */
static _Thread_local struct {
    bool on;
    size_t size;
    uint8_t bytes[PIPE_BUF];
} gathered;

static atomic_int most_level = LEVEL_INFO;
static atomic_int line_format = LOG_FORMAT_TEXT;
static atomic_bool addresses_are_plain;

void log_open(enum log_level most, enum log_format format)
{
    atomic_store_explicit(&most_level, (int)most, memory_order_relaxed);
    atomic_store_explicit(&line_format, (int)format, memory_order_relaxed);
}

enum log_format log_current_format(void)
{
    return (enum log_format)atomic_load_explicit(&line_format, memory_order_relaxed);
}

void log_addresses_plainly(bool on)
{
    atomic_store_explicit(&addresses_are_plain, on, memory_order_relaxed);
}

const char *log_address(struct bytes address, char out[LOG_ADDRESS_BYTES])
{
    const uint8_t *at = address.size > 0 ? memrchr(address.data, '@', address.size) : NULL;
    struct bytes domain = at != NULL ? bytes_of(at, (size_t)(address.data + address.size - at)) : bytes_of("", 0);

    if (atomic_load_explicit(&addresses_are_plain, memory_order_relaxed)) {
        snprintf(out, LOG_ADDRESS_BYTES, "%.*s", (int)address.size, (const char *)address.data);
    } else {
        snprintf(out, LOG_ADDRESS_BYTES, "~%016llx%.*s", (unsigned long long)digest_table_hash(address),
                 (int)domain.size, (const char *)domain.data);
    }
    return out;
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&most_level, memory_order_relaxed);
}

static bool is_plain(uint8_t c)
{
    return c > 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

static void append_escaped(struct buffer *line, uint8_t c)
{
    static const char named[] = "\"\\\n\r\t", letters[] = "\"\\nrt";
    const char *at = c != '\0' ? strchr(named, c) : NULL;

    if (at != NULL) {
        buffer_append_char(line, '\\');
        buffer_append_char(line, letters[at - named]);
    } else if (c < 0x20 || c >= 0x7f) {
        buffer_append_format(line, "\\x%02x", c);
    } else {
        buffer_append_char(line, (char)c);
    }
}

static void append_text_value(struct buffer *line, struct bytes value, bool cut)
{
    bool plain = value.size > 0;

    for (size_t i = 0; i < value.size && plain; i++) {
        plain = is_plain(value.data[i]);
    }
    if (plain) {
        buffer_append_bytes(line, value);
        if (cut) {
            buffer_append_string(line, "...");
        }
        return;
    }
    buffer_append_char(line, '"');
    for (size_t i = 0; i < value.size; i++) {
        append_escaped(line, value.data[i]);
    }
    buffer_append_string(line, cut ? "...\"" : "\"");
}

static void append_field(struct buffer *line, const struct log_field *field, bool json)
{
    struct bytes value = bytes_of(field->text, field->text_size);
    bool cut = value.size > MAX_VALUE_SHOWN;

    if (json) {
        buffer_append_string(line, ",\"");
        buffer_append_string(line, field->key);
        buffer_append_string(line, "\":");
    } else {
        buffer_append_char(line, ' ');
        buffer_append_string(line, field->key);
        buffer_append_char(line, '=');
    }
    if (field->text == NULL) {
        buffer_append_number(line, field->number);
        return;
    }
    value.size = cut ? MAX_VALUE_SHOWN : value.size;
    if (json) {
        text_append_json_string(line, value);
    } else {
        append_text_value(line, value, cut);
    }
}

/* The second changes less often than there are lines. */
static void append_time(struct buffer *line, int64_t now_ms)
{
    static _Thread_local int64_t second = INT64_MIN;
    static _Thread_local char text[TEXT_TIME_BYTES];
    int milliseconds = (int)(now_ms % 1000);

    if (now_ms / 1000 != second) {
        second = now_ms / 1000;
        text_time(second, text);
    }
    buffer_append(line, text, strlen(text) - 1); /* less the Z */
    buffer_append_char(line, '.');
    for (int unit = 100; unit > 0; unit /= 10) {
        buffer_append_char(line, (char)('0' + milliseconds / unit % 10));
    }
    buffer_append_char(line, 'Z');
}

static void append_head(struct buffer *line, enum log_level level, const char *message, bool json)
{
    buffer_append_string(line, json ? "{\"time\":\"" : "");
    append_time(line, clock_wall_ms());
    buffer_append_string(line, json ? "\",\"level\":\"" : " ");
    buffer_append_string(line, level_words[level]);
    buffer_append_string(line, json ? "\",\"message\":" : " ");
    if (json) {
        text_append_json_string(line, bytes_of_string(message));
    } else {
        buffer_append_string(line, message);
    }
}

/* Nobody is left to tell when the log itself fails. */
static void write_out(const void *data, size_t size)
{
    if (size > 0 && write(STDERR_FILENO, data, size) < 0) {
        return;
    }
}

void log_flush(void)
{
    write_out(gathered.bytes, gathered.size);
    gathered.size = 0;
}

void log_gather(bool on)
{
    log_flush();
    gathered.on = on;
}

static void hand_over(enum log_level level, struct bytes line)
{
    if (gathered.size + line.size > sizeof(gathered.bytes)) {
        log_flush();
    }
    if (!gathered.on || line.size > sizeof(gathered.bytes)) {
        write_out(line.data, line.size);
        return;
    }
    memcpy(gathered.bytes + gathered.size, line.data, line.size);
    gathered.size += line.size;
    if (level <= LEVEL_WARNING) {
        log_flush();
    }
}

void log_write(enum log_level level, const char *message, const struct log_field *fields, size_t count)
{
    static const char json_cut[] = ",\"cut\":true", text_cut[] = " cut=true";
    bool json = atomic_load_explicit(&line_format, memory_order_relaxed) == LOG_FORMAT_JSON, cut = false;
    uint8_t memory[MAX_LOG_LINE_BYTES + 1];
    /* A buffer that has its whole room from the start never allocates. Its end is kept for what closes the line. */
    struct buffer line = {.data = memory, .capacity = sizeof(memory), .max_bytes = MAX_LOG_LINE_BYTES - 16};

    append_head(&line, level, message, json);
    for (size_t i = 0; i < count && !cut; i++) {
        size_t before = line.size;

        append_field(&line, &fields[i], json);
        if (line.failed) {
            line.size = before;
            cut = true;
        }
    }
    line.failed = false;
    line.max_bytes = MAX_LOG_LINE_BYTES;
    buffer_append_string(&line, !cut ? "" : json ? json_cut : text_cut);
    buffer_append_string(&line, json ? "}\n" : "\n");
    hand_over(level, buffer_bytes(&line));
}
