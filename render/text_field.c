#include "render/text_field.h"

#include "render/clean.h"

#define WIDTH 80
#define LABEL 11 /* a SHA-256 in hex just fits behind it */
#define MAX_FIELD_BYTES 4096 /* a subject may be as large as its certificate: the rest is cut, and said so */

void text_coloured(struct writer *writer, enum colour colour, const char *text)
{
    static const char *const codes[] = {[COLOUR_GOOD] = "32", [COLOUR_BAD] = "31", [COLOUR_DOUBT] = "33"};

    if (writer->options->colour) {
        buffer_append_format(writer->out, "\033[1;%sm%s\033[0m", codes[colour], text);
    } else {
        buffer_append_string(writer->out, text);
    }
}

void text_clean(struct writer *writer, const char *text)
{
    clean_append_terminal(writer->out, bytes_of_string(text));
}

/* How much of the text goes on a line of so many characters: to its end, to behind the last good place, or cut hard.
 * What follows a comma that fits is the next line's, but a space there is this one's: it would stand out of line. */
static size_t line_break(struct bytes text, size_t columns)
{
    size_t at = 0, good = 0;

    for (size_t column = 0; at < text.size && column < columns; column++) {
        int32_t point = clean_next(text, &at);
        if (point == ' ' || point == ',' || point == '+') {
            good = at;
        }
    }
    size_t size = at == text.size || good == 0 ? at : good;

    while (size < text.size && text.data[size] == ' ') {
        size++;
    }
    return size;
}

/* "     subject    CN=…", wrapped under itself. */
static void write_wrapped(struct writer *writer, const char *label, struct bytes text)
{
    do {
        size_t size = line_break(text, (size_t)(WIDTH - TEXT_INDENT - LABEL - writer->deeper));
        buffer_append_format(writer->out, "%*s%-*s%*s", TEXT_INDENT, "", LABEL, label, writer->deeper, "");
        size_t shown = size;
        while (shown > 0 && text.data[shown - 1] == ' ') {
            shown--;
        }
        buffer_append(writer->out, text.data, shown);
        buffer_append_char(writer->out, '\n');
        text = bytes_of(text.data + size, text.size - size);
        label = "";
    } while (text.size > 0);
}

void text_field(struct writer *writer, const char *label, const char *const *pieces)
{
    struct buffer clean;

    buffer_init(&clean, MAX_FIELD_BYTES);
    for (; *pieces != NULL && !clean.failed; pieces++) {
        clean_append_terminal(&clean, bytes_of_string(*pieces));
    }
    write_wrapped(writer, label, bytes_of(buffer_string(&clean), clean.size));
    if (clean.failed) {
        write_wrapped(writer, "", bytes_of_string("..."));
    }
    buffer_free(&clean);
}
