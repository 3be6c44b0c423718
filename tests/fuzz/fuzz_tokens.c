#include <stdint.h>
#include <stdlib.h>

#include "http/access.h"
#include "http/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file of tokens; and a header field. Nobody's token is found that is not in the file as a digest. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size), sent;
    struct error error = {""};
    struct tokens *tokens = tokens_make(input, "", &error);

    if ((tokens == NULL) != (error.text[0] != '\0') || (tokens != NULL && tokens_count(tokens) > MAX_TOKENS)) {
        abort();
    }
    if (tokens != NULL && tokens_find(tokens, input) != NULL) {
        abort(); /* it would hold its own digest */
    }
    if (access_bearer(input, &sent) && (sent.size == 0 || sent.size > size - strlen("Bearer "))) {
        abort();
    }
    tokens_free(&tokens);
    return 0;
}
