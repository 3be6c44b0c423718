#include "base/digest.h"
#include "render/clean.h"
#include "render/formats.h"
#include "x509/describe.h"

#define LINE_OCTETS 75 /* RFC 6350 3.2, RFC 2425 5.8.1: without the line end */

static bool is_inside_character(uint8_t octet)
{
    return (octet & 0xc0) == 0x80;
}

/* How much of `text`, which is UTF-8, goes onto a line of so many octets: no character is cut in two. */
static size_t fitting(struct bytes text, size_t room)
{
    size_t size = text.size < room ? text.size : room;

    while (size < text.size && is_inside_character(text.data[size])) {
        size--;
    }
    return size;
}

/* A content line, folded: what goes on begins with a space on the next line. */
static void append_line(struct buffer *out, struct bytes text)
{
    size_t size = fitting(text, LINE_OCTETS);

    buffer_append(out, text.data, size);
    while (size < text.size) {
        text = bytes_of(text.data + size, text.size - size);
        size = fitting(text, LINE_OCTETS - 1);
        buffer_append_string(out, "\r\n ");
        buffer_append(out, text.data, size);
    }
    buffer_append_string(out, "\r\n");
}

/* Appends a line that was put together by itself, and frees it. */
static void end_line(struct buffer *out, struct buffer *line)
{
    append_line(out, buffer_bytes(line));
    out->failed |= line->failed;
    buffer_free(line);
}

/* RFC 6350 3.4. Line ends do not occur in what is fit for a card. */
static void append_escaped(struct buffer *line, struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (strchr("\\,;", text.data[i]) != NULL) {
            buffer_append_char(line, '\\');
        }
        buffer_append_char(line, (char)text.data[i]);
    }
}

/* A property whose value is text, between what stands before and behind it. */
static void append_text(struct buffer *out, const char *before, struct bytes text, const char *behind)
{
    struct buffer line;

    buffer_init(&line, out->max_bytes);
    buffer_append_string(&line, before);
    append_escaped(&line, text);
    buffer_append_string(&line, behind);
    end_line(out, &line);
}

static void append_key(struct buffer *out, const char *before, struct bytes der)
{
    struct buffer line;

    buffer_init(&line, out->max_bytes);
    buffer_append_string(&line, before);
    digest_append_base64(&line, der, 0);
    end_line(out, &line);
}

/* What differs between the versions. */
struct dialect {
    const char *begin; /* with the line ends that are to be */
    const char *mail;
    const char *key;
};

static bool is_there(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* Whom the card is of: the address that was looked up, or the first in the certificate where files were looked into for
 * nobody in particular. "": nobody is named. */
static const char *mail_of(const struct answer *answer, const struct description *description)
{
    if (answer->address.size > 0) {
        return answer->address.text;
    }
    return description->address_count > 0 ? description->addresses[0] : "";
}

/* There is always some name: RFC 6350 6.2.1 wants one. */
static const char *name_of(const struct answer *answer, const struct description *description, struct address *parsed)
{
    const char *const names[] = {
        description->common_name,
        answer->address.size > 0 ? render_display_address(answer, parsed) : mail_of(answer, description),
        description->subject,
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (is_there(names[i])) {
            return names[i];
        }
    }
    return description->fingerprint;
}

/* N stands in both: 3.0 wants it, and programs that read 4.0 look for it. Which part of a common name is the family's
 * nobody can tell, so all of it is the given name, which is shown as it is. An address that is not fit to be shown is
 * left out: another one would be somebody else's. */
static void append_card(const struct dialect *dialect, struct bytes name, struct bytes mail, struct bytes der,
                        struct buffer *out)
{
    buffer_append_string(out, dialect->begin);
    append_text(out, "FN:", name, "");
    append_text(out, "N:;", name, ";;;");
    if (mail.size > 0 && clean_is_fit_for_card(mail)) {
        append_text(out, dialect->mail, mail, "");
    }
    append_key(out, dialect->key, der);
    buffer_append_string(out, "END:VCARD\r\n");
}

static int render_card(const struct dialect *dialect, const struct answer *answer, struct buffer *out)
{
    struct description description;
    struct address parsed;
    struct buffer name;

    if (answer->usable_count == 0 ||
        description_read(blob_bytes(answer->certificates[0].der), &description) != 0) {
        return -1;
    }
    buffer_init(&name, out->max_bytes);
    clean_append_card(&name, bytes_of_string(name_of(answer, &description, &parsed)));
    append_card(dialect, buffer_bytes(&name), bytes_of_string(mail_of(answer, &description)),
                blob_bytes(answer->certificates[0].der), out);
    out->failed |= name.failed;
    buffer_free(&name);
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
