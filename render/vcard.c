#include "base/digest.h"
#include "render/formats.h"
#include "x509/describe.h"

#define LINE_OCTETS 75 /* RFC 6350 3.2, RFC 2425 5.8.1: without the line end */

static bool is_inside_character(uint8_t octet)
{
    return (octet & 0xc0) == 0x80;
}

/* How much of `text` goes onto a line of so many octets: no character is cut in two. */
static size_t fitting(struct bytes text, size_t room)
{
    size_t size = text.size < room ? text.size : room;

    while (size < text.size && size > 0 && is_inside_character(text.data[size])) {
        size--;
    }
    return size > 0 ? size : text.size < room ? text.size : room;
}

/* A content line, folded: what goes on begins with a space on the next line. */
static void append_line(struct buffer *out, struct bytes text)
{
    size_t room = LINE_OCTETS;
    size_t size = fitting(text, room);

    buffer_append(out, text.data, size);
    while (size < text.size) {
        text = bytes_of(text.data + size, text.size - size);
        size = fitting(text, room - 1);
        buffer_append_string(out, "\r\n ");
        buffer_append(out, text.data, size);
    }
    buffer_append_string(out, "\r\n");
}

/* RFC 6350 3.4. Line ends do not occur: what stands in a name is fit to be shown, and an address has none. */
static void append_escaped(struct buffer *line, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("\\,;", *text) != NULL) {
            buffer_append_char(line, '\\');
        }
        buffer_append_char(line, *text);
    }
}

/* A property whose value is text, between what stands before and behind it. */
static void append_text(struct buffer *out, const char *before, const char *text, const char *behind)
{
    struct buffer line;

    buffer_init(&line, out->max_bytes);
    buffer_append_string(&line, before);
    append_escaped(&line, text);
    buffer_append_string(&line, behind);
    append_line(out, buffer_bytes(&line));
    out->failed |= line.failed;
    buffer_free(&line);
}

static void append_key(struct buffer *out, const char *before, struct bytes der)
{
    struct buffer line;

    buffer_init(&line, out->max_bytes);
    buffer_append_string(&line, before);
    digest_append_base64(&line, der, 0);
    append_line(out, buffer_bytes(&line));
    out->failed |= line.failed;
    buffer_free(&line);
}

/* What differs between the versions. */
struct dialect {
    const char *begin; /* with the line ends that are to be */
    const char *mail;
    const char *key;
};

/* N stands in both: 3.0 wants it, and programs that read 4.0 look for it. Which part of a common name is the family's
 * nobody can tell, so all of it is the given name, which is shown as it is. */
static int render_card(const struct dialect *dialect, const struct answer *answer, struct buffer *out)
{
    struct description description;
    struct address parsed;

    if (answer->usable_count == 0 ||
        description_read(blob_bytes(answer->certificates[0].der), &description) != 0) {
        return -1;
    }
    bool named = description.common_name != NULL && description.common_name[0] != '\0';
    const char *name = named ? description.common_name : render_display_address(answer, &parsed);
    buffer_append_string(out, dialect->begin);
    append_text(out, "FN:", name, "");
    append_text(out, "N:;", name, ";;;");
    append_text(out, dialect->mail, answer->address.text, "");
    append_key(out, dialect->key, blob_bytes(answer->certificates[0].der));
    buffer_append_string(out, "END:VCARD\r\n");
    description_free(&description);
    return out->failed ? -1 : 0;
}

int render_vcard(const struct answer *answer, const struct render_options *options, struct buffer *out)
{
    static const struct dialect dialect = {
        .begin = "BEGIN:VCARD\r\nVERSION:4.0\r\nKIND:individual\r\n",
        .mail = "EMAIL:",
        .key = "KEY:data:application/pkix-cert;base64,",
    };

    (void)options;
    return render_card(&dialect, answer, out);
}

int render_vcard3(const struct answer *answer, const struct render_options *options, struct buffer *out)
{
    static const struct dialect dialect = {
        .begin = "BEGIN:VCARD\r\nVERSION:3.0\r\n",
        .mail = "EMAIL;TYPE=INTERNET:",
        .key = "KEY;TYPE=X509;ENCODING=b:",
    };

    (void)options;
    return render_card(&dialect, answer, out);
}
