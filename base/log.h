/*
 * The structured log: one line an event, to stderr, as text for people or as
 * JSON for machines (--log json). A line is: time, level, message, fields. The
 * message is a constant sentence; what varies stands in fields. Values are
 * escaped, so bytes from outside can neither break a line nor start one.
 *
 *     log_event(LEVEL_WARNING, "directory does not answer", LOG_TEXT("directory", name), LOG_NUMBER("ms", waited));
 *
 * Thread-safe: a line is one write(2), or a part of one. A line over
 * MAX_LOG_LINE_BYTES is cut.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/bytes.h"
#include "base/limits.h"

enum log_level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_NOTICE, LEVEL_INFO, LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log_field {
    const char *key;
    const char *text; /* NULL: the number counts */
    size_t text_size;
    int64_t number;
};

#define LOG_TEXT(key_, text_) ((struct log_field){(key_), (text_), (text_) != NULL ? strlen(text_) : 0, 0})
#define LOG_BYTES(key_, bytes_) ((struct log_field){(key_), (const char *)(bytes_).data, (bytes_).size, 0})
#define LOG_NUMBER(key_, number_) ((struct log_field){(key_), NULL, 0, (number_)})

/* Call before the first thread starts; later changes (reload) take effect at the next line. */
void log_open(enum log_level most, enum log_format format);

enum log_format log_current_format(void);

/* Whether addresses of people stand in the log as they are; else, and at first, as log_address() says. */
void log_addresses_plainly(bool on);

/* How the log shows a normalised address: its domain, and for the local part a keyed hash, by which lines about one
 * mailbox are known as long as this process lives, and nobody can find out whose it is by trying: "~8c2f01d9a3b47e56@
 * example.org". Returns `out`. */
#define LOG_ADDRESS_BYTES (MAX_ADDRESS_BYTES + 18)
const char *log_address(struct bytes address, char out[LOG_ADDRESS_BYTES]);

bool log_enabled(enum log_level level);

/* For a thread that does many things in a turn: its lines of LEVEL_NOTICE and below wait from now on, until some
 * kilobytes are full, one of a higher level comes, or it calls log_flush(), which it does at the end of the turn. Lines
 * of one thread stay in their order. Off: what waits is written. A process that is killed loses what waits. */
void log_gather(bool on);
void log_flush(void);

/* Never called directly: see log_event. */
void log_write(enum log_level level, const char *message, const struct log_field *fields, size_t count);

#define log_event(level_, message_, ...)                                                                              \
    do {                                                                                                              \
        if (log_enabled(level_)) {                                                                                    \
            const struct log_field log_fields_[] = {{0}, ##__VA_ARGS__};                                              \
            log_write((level_), (message_), log_fields_ + 1, sizeof(log_fields_) / sizeof(log_fields_[0]) - 1);       \
        }                                                                                                             \
    } while (0)

#endif
