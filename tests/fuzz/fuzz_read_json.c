/* What a gateway may send: refused, or an answer that every format can show and that reads back as itself. */
#include <stdlib.h>

#include "render/render.h"

#define MAX_OUTPUT_BYTES (64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_formats(const struct answer *answer)
{
    static const struct render_options options = {.explain = true};

    for (unsigned format = 0; format < FORMAT_COUNT; format++) {
        struct buffer out;
        buffer_init(&out, MAX_OUTPUT_BYTES);
        render((enum format)format, answer, &options, &out);
        for (size_t i = 0; i < out.size && (format == FORMAT_TEXT || format == FORMAT_LDIF); i++) {
            if ((out.data[i] < 0x20 && out.data[i] != '\n') || out.data[i] == 0x7f) {
                abort();
            }
        }
        buffer_free(&out);
    }
}

/* A usable certificate that cannot be parsed cannot be written: then there is nothing to compare. */
static void check_again(const struct answer *answer)
{
    static const struct render_options options = {.explain = true};
    struct buffer first, second;
    struct answer_draft draft;
    bool stale;

    buffer_init(&first, MAX_OUTPUT_BYTES);
    buffer_init(&second, MAX_OUTPUT_BYTES);
    if (render(FORMAT_JSON, answer, &options, &first) == 0 && first.size <= MAX_JSON_BYTES) {
        if (render_read_json(buffer_bytes(&first), &draft, &stale, NULL) != 0) {
            abort();
        }
        struct answer *again = answer_make(&draft);
        if (again == NULL || render(FORMAT_JSON, again, &options, &second) != 0 ||
            !bytes_equal(buffer_bytes(&first), buffer_bytes(&second))) {
            abort();
        }
        answer_free(&again);
        answer_draft_free(&draft);
    }
    buffer_free(&first);
    buffer_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct answer_draft draft;
    struct error error;
    enum reason reason;
    bool stale;

    render_read_problem(bytes_of(data, size), &reason, &error);
    if (render_read_json(bytes_of(data, size), &draft, &stale, &error) != 0) {
        return 0;
    }
    struct answer *answer = answer_make(&draft);
    if (answer == NULL) {
        abort();
    }
    check_formats(answer);
    check_again(answer);
    answer_free(&answer);
    answer_draft_free(&draft);
    return 0;
}
