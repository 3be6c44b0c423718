#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "base/clock.h"
#include "tests/unit/directory_play.h"

bool played_one(struct talk *talk, ber_int_t message)
{
    return played_entry(talk, message, "cn=one", "userCertificate;binary", bytes_of_string("value")) &&
           played_result(talk, message, LDAP_SUCCESS, "");
}

bool played_nothing(struct talk *talk, ber_int_t message)
{
    (void)talk;
    (void)message;
    return true;
}

bool played_hang_up(struct talk *talk, ber_int_t message)
{
    (void)talk;
    (void)message;
    return false;
}

struct directory *opened(const struct directory_config *config)
{
    struct error error = {{0}};
    struct directory *directory = directory_open(config, &error);

    if (directory == NULL) {
        fail_msg("%s", error.text);
    }
    return directory;
}

void on_asked(void *context, struct search_result *result)
{
    struct asking *asking = context;

    asking->result = result;
    atomic_store(&asking->is_done, true);
}

void expect_result(struct search_result *result, enum asked_result want, const char *words)
{
    if (result->result != want || strstr(result->error, words) == NULL) {
        fail_msg("%s: %s", asked_word(result->result), result->error);
    }
    search_result_free(&result);
}

int64_t cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct search_result *ask_timed(struct directory *directory, int64_t timeout_ms, int64_t *took_ms)
{
    int64_t began_ms = clock_mono_ms();
    int64_t cpu_began_ms = cpu_ms();
    struct search_result *result = ask(directory, "alice@example.org", timeout_ms);

    assert_non_null(result);
    *took_ms = clock_mono_ms() - began_ms;
    /* One part in twenty, and what a connect costs under a sanitizer. */
    if ((cpu_ms() - cpu_began_ms - 200) * 20 > *took_ms) {
        fail_msg("%lld ms of processor time in %lld ms", (long long)(cpu_ms() - cpu_began_ms), (long long)*took_ms);
    }
    return result;
}
