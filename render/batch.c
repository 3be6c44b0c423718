#include "render/batch.h"

#include "base/digest.h"
#include "base/text.h"
#include "render/formats.h"

/* What a mailer does with a recipient hangs on this word. */
enum status {
    RECIPIENT_UNKNOWN, /* ask again later */
    RECIPIENT_OK,
    RECIPIENT_NONE,
    RECIPIENT_EXPIRED,
    RECIPIENT_REVOKED,
    RECIPIENT_NO_ENCRYPTION_USAGE,
    RECIPIENT_UNTRUSTED,
    RECIPIENT_ADDRESS_MISMATCH,
    RECIPIENT_INVALID_ADDRESS,
    RECIPIENT_LIMIT /* not looked for, as too much is under way: ask again */
};

static const char *const words[] = {
    [RECIPIENT_UNKNOWN] = "unknown",
    [RECIPIENT_OK] = "ok",
    [RECIPIENT_NONE] = "none",
    [RECIPIENT_EXPIRED] = "expired",
    [RECIPIENT_REVOKED] = "revoked",
    [RECIPIENT_NO_ENCRYPTION_USAGE] = "no_encryption_usage",
    [RECIPIENT_UNTRUSTED] = "untrusted",
    [RECIPIENT_ADDRESS_MISMATCH] = "address_mismatch",
    [RECIPIENT_INVALID_ADDRESS] = "invalid_address",
    [RECIPIENT_LIMIT] = "limit",
};

/* A reason that is not here is one of not knowing. */
static const enum status statuses[REASON_COUNT] = {
    [REASON_USABLE] = RECIPIENT_OK,
    [REASON_MALFORMED] = RECIPIENT_NONE,
    [REASON_NOT_ENCRYPTION_CAPABLE] = RECIPIENT_NO_ENCRYPTION_USAGE,
    [REASON_ADDRESS_MISMATCH] = RECIPIENT_ADDRESS_MISMATCH,
    [REASON_WRONG_KEY_USAGE] = RECIPIENT_NO_ENCRYPTION_USAGE,
    [REASON_WRONG_EXTENDED_KEY_USAGE] = RECIPIENT_NO_ENCRYPTION_USAGE,
    [REASON_UNKNOWN_CRITICAL_EXTENSION] = RECIPIENT_UNTRUSTED,
    [REASON_WEAK_KEY] = RECIPIENT_UNTRUSTED,
    [REASON_WEAK_SIGNATURE] = RECIPIENT_UNTRUSTED,
    [REASON_UNTRUSTED] = RECIPIENT_UNTRUSTED,
    [REASON_BAD_CHAIN] = RECIPIENT_UNTRUSTED,
    [REASON_CHAIN_EXPIRED] = RECIPIENT_EXPIRED,
    [REASON_DENIED] = RECIPIENT_UNTRUSTED,
    [REASON_REVOCATION_UNKNOWN] = RECIPIENT_UNTRUSTED,
    [REASON_ISSUER_REVOKED] = RECIPIENT_REVOKED,
    [REASON_NOT_YET_VALID] = RECIPIENT_EXPIRED,
    [REASON_EXPIRED] = RECIPIENT_EXPIRED,
    [REASON_REVOKED] = RECIPIENT_REVOKED,

    [REASON_NO_DIRECTORY] = RECIPIENT_NONE,
    [REASON_NO_ENTRY] = RECIPIENT_NONE,
    [REASON_NO_CERTIFICATE] = RECIPIENT_NONE,

    [REASON_OVERLOADED] = RECIPIENT_LIMIT,
    [REASON_CLIENT_LIMIT] = RECIPIENT_LIMIT,
};

/* The outcome goes first: a reason that refuses a value says nothing as long as there may be others. */
static enum status status_of(const struct answer *answer)
{
    enum status status = statuses[answer->reason];

    if (answer->outcome == OUTCOME_FOUND) {
        return RECIPIENT_OK;
    }
    if (answer->outcome == OUTCOME_UNKNOWN && status != RECIPIENT_LIMIT) {
        return RECIPIENT_UNKNOWN;
    }
    return status;
}

static void append_text(struct buffer *out, const char *key, struct bytes value)
{
    buffer_append_string(out, key);
    text_append_json_string(out, value);
}

/* A value of ours, in which nothing is to be escaped. */
static void append_plain(struct buffer *out, const char *key, const char *value)
{
    buffer_append_string(out, key);
    buffer_append_char(out, '"');
    buffer_append_string(out, value);
    buffer_append_char(out, '"');
}

static void append_time(struct buffer *out, const char *key, int64_t wall_s)
{
    char time[TEXT_TIME_BYTES];

    if (wall_s > 0) {
        append_plain(out, key, text_time(wall_s, time));
    }
}

static void append_certificate(struct buffer *out, const struct certificate *best)
{
    struct digest fingerprint = digest_sha256(blob_bytes(best->der));
    char hex[DIGEST_HEX_BYTES];

    buffer_append_string(out, ",\"certificate\":\"");
    digest_append_base64(out, blob_bytes(best->der), 0);
    buffer_append_char(out, '"');
    append_plain(out, ",\"fingerprint_sha256\":", digest_hex(bytes_of(fingerprint.bytes, DIGEST_BYTES), hex));
    append_time(out, ",\"chain_not_after\":", best->not_after);
}

static void append_address(struct buffer *out, const struct answer *answer, struct bytes sent)
{
    struct address parsed;

    if (answer->address.size == 0) {
        append_text(out, "{\"address\":", sent);
        return;
    }
    append_text(out, "{\"address\":", bytes_of(answer->address.text, answer->address.size));
    const char *display = render_display_address(answer, &parsed);
    if (display != answer->address.text && strcmp(display, answer->address.text) != 0) {
        append_text(out, ",\"display\":", bytes_of_string(display));
    }
}

void render_recipient(const struct answer *answer, enum reason told, bool stale, struct bytes sent,
                      struct buffer *out)
{
    append_address(out, answer, sent);
    append_plain(out, ",\"status\":", words[status_of(answer)]);
    if (answer->outcome != OUTCOME_FOUND) {
        append_plain(out, ",\"reason\":", reason_word(told));
        append_plain(out, ",\"reason_text\":", reason_text(told));
    }
    if (answer->usable_count > 0) {
        append_certificate(out, &answer->certificates[0]);
    }
    if (answer->outcome != OUTCOME_UNKNOWN) {
        append_time(out, ",\"fresh_until\":", answer->fresh_until);
        buffer_append_format(out, ",\"partial\":%s,\"stale\":%s", answer->partial ? "true" : "false",
                             stale ? "true" : "false");
    } else if (answer->retry_after_s > 0) {
        buffer_append_format(out, ",\"retry_after_s\":%lld", (long long)answer->retry_after_s);
    }
    buffer_append_char(out, '}');
}

void render_recipient_untold(struct bytes sent, enum reason reason, int64_t retry_after_s, struct buffer *out)
{
    enum status status = statuses[reason] == RECIPIENT_LIMIT ? RECIPIENT_LIMIT : RECIPIENT_UNKNOWN;

    append_text(out, "{\"address\":", sent);
    append_plain(out, ",\"status\":", words[status]);
    append_plain(out, ",\"reason\":", reason_word(reason));
    append_plain(out, ",\"reason_text\":", reason_text(reason));
    buffer_append_format(out, ",\"retry_after_s\":%lld}", (long long)retry_after_s);
}

void render_recipient_invalid(struct bytes sent, const char *why, struct buffer *out)
{
    append_text(out, "{\"address\":", sent);
    append_plain(out, ",\"status\":", words[RECIPIENT_INVALID_ADDRESS]);
    append_plain(out, ",\"reason_text\":", why);
    buffer_append_char(out, '}');
}
