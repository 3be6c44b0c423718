/*
 * Plays stories and prints TAP.
 *
 *     play FOLDER STORY-FILE…
 *
 * A file holds any number of stories. A line is a verb and its words; '#' begins
 * a comment. The verbs:
 *
 *     STORY words                    begins a story; the words name the test
 *     SET cache.ttl "1h"             a setting, as in the configuration file
 *     DIRECTORY corp example.org …   a directory and its domains
 *     REDIS                          gateways share a Redis
 *     START                          starts the gateway (GATEWAY 2, START: another)
 *     GATEWAY n                      what follows is about gateway n, 1 to 4
 *     HAS corp address kind …        an entry with these values (kinds: stage.h), "-" for none
 *     LACKS corp address             no entry
 *     MOOD corp answers|down|hangs|cuts|no_entries (finds people, but reads no entry of an issuer)
 *     MOOD corp late                 as hangs, but answers when the mood changes
 *     MOOD corp overloaded           is not asked, because too many wait already
 *     CRL url days [address …]       the issuing authority publishes a CRL, with the "listed" ones of these addresses
 *     FORGED url days                one in its name that another key signed
 *     ENTRY corp dn days             and one in an entry of the directory; '_' stands for a blank
 *     ISSUER url                     the hidden authority publishes its certificate, as AIA names it
 *     ISSUER-ENTRY corp dn           and in its entry of the directory; '_' stands for a blank
 *     WEB url answers|down|hangs|garbage|busy|refused
 *     FETCHES url n                  so many so far
 *     READINGS corp n                so many entries read so far
 *     READY | NOT_READY              what /readyz says
 *     REDIS-IS up|down|tampered|swapped|forgotten|evidence_forgotten
 *     REDIS-IS flushed|touched       emptied, or written again, before the eyes of all
 *     REDIS-IS saved|restored        it has again what it had when it was saved
 *     REDIS-IS full|free             whether its commands find no place among those under way
 *     REDIS-IS readable|unreadable   whether it lets us read; at first it does
 *     REDIS-IS late|prompt           whether its answers to GETs wait until it is prompt again, or down
 *     REDIS-IS tracking|not_tracking whether it tells gateways of changes; at first it does
 *     CUT yes|no                     the gateway alone is cut off from Redis
 *     REDIS-IS forged                the first gateway's seal is on a CRL that another key signed
 *     VALIDATORS hang|work|work_newest_first|work_once
 *     ENGINE judges                  before START: it judges small ones itself; else all are for validators
 *     ENGINE hedges n                before START: directories and Redis are asked at once after n that Redis lacked
 *     ENGINE slow|quick              how long that takes it
 *     REVOKE address                 a new CRL with the good one of this address
 *     RELOAD [refused]               SIGHUP
 *     DRAIN                          SIGTERM whose limit has come
 *     ASK address [times]
 *     ASK_LATE address [times]       once 10 s are left of the life of the answer that memory has for it
 *     ASK_EXPIRED address [times]    once its life is over
 *     CALLED corp address name       its cn, once it has an entry; '_' stands for a blank, as in the next
 *     ASK_NAME name [times]          asks the directories for a name (RFC 4387)
 *     ASK_NAME_OPEN name [times]     those alone that may answer for a domain of limits.domains
 *     NAMED n outcome reason [address …]   the next n of these come to this; reason "-": there is none
 *     NOT_NAMED                      nothing has come
 *     EXPLAIN address                asks why; the answer is "explained"
 *     DROP address|domain|all        as an admin or a changed directory does
 *     CHANGED corp address|@domain|all|unseen   what a directory that is followed tells all gateways
 *     TIME_PASSES 10s
 *     CLOCK_AHEAD 2d                 the wall clock is wrong, until CLOCK_AHEAD 0s
 *     ANSWER word …                  the next answer is so: found none unknown, a reason, layer=…, fresh, stale,
 *                                    partial, whole, usable=n, refused=n, life<=1h, retry=n (seconds), times=n,
 *                                    chain=n (issuers of the best one), marked (revocation unknown), good (not
 *                                    revoked), explained, bare (without a trail),
 *                                    doubtful (stale, though its life is not over: Redis is away and may know better)
 *     RENEW address                  the gateway is told that its caches are out of date
 *     COUNTED word n                 so many so far: renewals_started renewals_joined renewals_failed renewals_limited;
 *                                    stale answers: stale_renewing stale_slow stale_failing, and all together stale;
 *                                    engine_worked (judged or sealed without a validator); hedged (Redis and the
 *                                    directories were asked at once), in_vain (of these, without the directories)
 *     NO_ANSWER                      nothing has come that was not looked at
 *     SEARCHES corp n                so many searches so far
 *     REDIS_GETS n    REDIS_SETS n   so many commands so far
 *     SECRET text                    does not stand in Redis in clear
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/text.h"
#include "tests/scenario/played.h"
#include "tests/scenario/stage.h"
#include "tests/people/pki.h"

#define WORDS_MAX 128

static struct story {
    const char *file;
    unsigned line;
    unsigned gateway;
    bool open, failed;
    char name[200];
} story;
static unsigned passed, failed;
static bool had_redis, threads_ask; /* see play_both_ways() */

static void complain(const char *what, const char *detail)
{
    story.failed = true;
    printf("# %s:%u: %s%s%s\n", story.file, story.line, what, detail != NULL ? ": " : "", detail != NULL ? detail : "");
}

static unsigned number(const char *text)
{
    int64_t value = -1;
    struct error error;
    if (text == NULL || text_parse_number(text, &value, &error) != 0) {
        must(false, "a number is wanted in a story");
    }
    return (unsigned)value;
}

static void finish_story(void)
{
    if (!story.open) {
        return;
    }
    struct served left = stage_next_answer();
    if (left.answer != NULL) {
        complain("an answer came that the story does not mention", outcome_word(left.answer->outcome));
        answer_free(&left.answer);
    }
    stage_end();
    story.open = false;
    *(story.failed ? &failed : &passed) += 1;
    printf("%s %u - %s%s\n", story.failed ? "not ok" : "ok", passed + failed, story.name,
           threads_ask ? ", with threads that ask Redis" : "");
}

static void do_story(char **words)
{
    finish_story();
    story.open = true;
    story.failed = false;
    story.gateway = 0;
    story.name[0] = '\0';
    for (size_t size = 0; *words != NULL; words++) {
        size += (size_t)snprintf(story.name + size, sizeof(story.name) - size, "%s%s", size > 0 ? " " : "", *words);
    }
    stage_reset();
}

static void do_set(char **words)
{
    char value[256] = "";
    for (size_t i = 1, size = 0; words[i] != NULL; i++) {
        size += (size_t)snprintf(value + size, sizeof(value) - size, "%s ", words[i]);
    }
    stage_set(words[0], value);
}

static void do_directory(char **words)
{
    char domains[256] = "";
    for (size_t i = 1, size = 0; words[i] != NULL; i++) {
        size += (size_t)snprintf(domains + size, sizeof(domains) - size, "%s\"%s\"", i > 1 ? ", " : "", words[i]);
    }
    stage_directory(words[0], domains);
}

static void do_redis(char **words)
{
    (void)words;
    stage_redis();
    had_redis = true;
}

static void do_start(char **words)
{
    (void)words;
    stage_start(story.gateway);
    played_settle();
}

static void do_gateway(char **words)
{
    story.gateway = number(words[0]) - 1;
    must(story.gateway < STAGE_GATEWAYS, "GATEWAY");
}

static void do_has(char **words)
{
    struct bytes values[WORDS_MAX];
    unsigned count = 0;
    for (size_t i = 2; words[i] != NULL; i++) {
        if (strcmp(words[i], "-") != 0) {
            values[count++] = stage_value(words[1], words[i]);
        }
    }
    played_directory_put(words[0], words[1], values, count);
}

static void do_lacks(char **words)
{
    played_directory_take(words[0], words[1]);
}

static void do_mood(char **words)
{
    static const char *const moods[] = {"answers", "down", "hangs", "cuts", "no_entries", "late", "overloaded"};
    for (size_t i = 0; i < sizeof(moods) / sizeof(moods[0]); i++) {
        if (strcmp(words[1], moods[i]) == 0) {
            played_directory_mood(words[0], (enum played_mood)i);
            played_settle();
            return;
        }
    }
    must(false, "MOOD");
}

static void redis_up(void)
{
    played_redis_up(true);
}

static void redis_down(void)
{
    played_redis_up(false);
}

static void do_crl(char **words)
{
    stage_publish(words[0], number(words[1]), words + 2);
    played_settle();
}

static void do_forged(char **words)
{
    stage_publish_forged(words[0], number(words[1]));
    played_settle();
}

static const char *with_blanks(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '_' ? ' ' : *at;
    }
    return text;
}

static void do_entry(char **words)
{
    stage_enter(words[0], with_blanks(words[1]), number(words[2]));
}

static void do_issuer(char **words)
{
    stage_publish_issuer(words[0]);
}

static void do_issuer_entry(char **words)
{
    stage_enter_issuer(words[0], with_blanks(words[1]));
}

static void do_web(char **words)
{
    static const char *const moods[] = {"answers", "down", "hangs", "garbage", "busy", "refused"};
    for (size_t i = 0; i < sizeof(moods) / sizeof(moods[0]); i++) {
        if (strcmp(words[1], moods[i]) == 0) {
            played_web_mood(words[0], (enum played_web)i);
            played_settle();
            return;
        }
    }
    must(false, "WEB");
}

static void do_ready(char **words)
{
    (void)words;
    if (!stage_is_ready(story.gateway)) {
        complain("the gateway is not ready", NULL);
    }
}

static void do_not_ready(char **words)
{
    (void)words;
    if (stage_is_ready(story.gateway)) {
        complain("the gateway is ready already", NULL);
    }
}

static void redis_tracks(void)
{
    played_redis_track(true);
}

static void redis_does_not_track(void)
{
    played_redis_track(false);
}

static void redis_full(void)
{
    played_redis_fill(true);
}

static void redis_free(void)
{
    played_redis_fill(false);
}

static void redis_readable(void)
{
    played_redis_let_read(true);
}

static void redis_unreadable(void)
{
    played_redis_let_read(false);
}

static void redis_late(void)
{
    played_redis_be_late(true);
}

static void redis_prompt(void)
{
    played_redis_be_late(false);
}

static void do_redis_is(char **words)
{
    static const struct {
        const char *word;
        void (*act)(void);
    } acts[] = {{"up", redis_up},
                {"down", redis_down},
                {"tampered", played_redis_tamper},
                {"swapped", played_redis_swap},
                {"forgotten", played_redis_forget},
                {"evidence_forgotten", played_redis_forget_evidence},
                {"flushed", played_redis_flush},
                {"touched", played_redis_touch},
                {"saved", played_redis_save},
                {"restored", played_redis_restore},
                {"tracking", redis_tracks},
                {"not_tracking", redis_does_not_track},
                {"full", redis_full},
                {"free", redis_free},
                {"late", redis_late},
                {"prompt", redis_prompt},
                {"readable", redis_readable},
                {"unreadable", redis_unreadable},
                {"forged", stage_forge}};
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        if (strcmp(words[0], acts[i].word) == 0) {
            acts[i].act();
            played_settle();
            return;
        }
    }
    must(false, "REDIS-IS");
}

static void do_validators(char **words)
{
    bool hang = strcmp(words[0], "hang") == 0, newest_first = strcmp(words[0], "work_newest_first") == 0;
    if (strcmp(words[0], "work_once") == 0) {
        played_pools_once();
        played_settle();
        return;
    }
    must(hang || newest_first || strcmp(words[0], "work") == 0, "VALIDATORS");
    played_pools(hang, newest_first);
    if (!hang && !newest_first) {
        played_settle();
    }
}

static void do_revoke(char **words)
{
    stage_revoke(words[0]);
}

static void do_reload(char **words)
{
    bool wants_refusal = words[0] != NULL && strcmp(words[0], "refused") == 0;
    bool is_taken = stage_reload(story.gateway);
    played_settle();
    if (is_taken == wants_refusal) {
        complain(wants_refusal ? "the reload was not refused" : "the reload was refused", NULL);
    }
}

static void do_drain(char **words)
{
    (void)words;
    stage_drain(story.gateway);
    played_settle();
}

static void do_ask(char **words)
{
    unsigned times = words[1] != NULL ? number(words[1]) : 1;
    for (unsigned i = 0; i < times; i++) {
        stage_ask(story.gateway, words[0]);
    }
    played_settle();
}

/* Time passes until so much of the life of memory's answer is left. */
static void await_age(const char *address, int64_t left_s)
{
    int64_t until = stage_fresh_until(story.gateway, address);
    must(until > 0, address);
    for (int64_t left_ms = (until - left_s - clock_wall_s()) * 1000, next; left_ms > 0; left_ms -= next) {
        next = played_next_timer_ms();
        next = next < 0 || next > left_ms ? left_ms : next;
        played_clock_pass(next);
        played_fire_timers();
        played_settle();
    }
}

static void do_ask_late(char **words)
{
    await_age(words[0], 10);
    do_ask(words);
}

static void do_ask_expired(char **words)
{
    await_age(words[0], 0);
    do_ask(words);
}

static void do_called(char **words)
{
    played_directory_call(words[0], words[1], with_blanks(words[2]));
}

/* All of them before the engine has its turn. */
static void ask_name(char **words, bool only_open)
{
    unsigned times = words[1] != NULL ? number(words[1]) : 1;
    const char *name = with_blanks(words[0]);
    for (unsigned i = 0; i < times; i++) {
        stage_ask_name(story.gateway, name, only_open);
    }
    played_settle();
}

static void do_ask_name(char **words)
{
    ask_name(words, false);
}

static void do_ask_name_open(char **words)
{
    ask_name(words, true);
}

static bool tells(const struct named *named, char **words)
{
    const char *reason = named->reason == REASON_UNJUDGED ? "-" : reason_word(named->reason);
    bool tells = strcmp(words[0], outcome_word(named->outcome)) == 0 && strcmp(words[1], reason) == 0;
    size_t i = 0;
    for (; words[2 + i] != NULL && i < named->count; i++) {
        tells = tells && strcmp(named->addresses[i], words[2 + i]) == 0;
    }
    return tells && words[2 + i] == NULL && i == named->count;
}

static void do_named(char **words)
{
    for (unsigned n = number(words[0]); n > 0; n--) {
        struct named named;
        if (!stage_next_named(&named)) {
            complain("nothing has come of a name", NULL);
            return;
        }
        if (!tells(&named, words + 1)) {
            complain("another came of the name", outcome_word(named.outcome));
            printf("# %s, %zu: %s\n", reason_word(named.reason), named.count, named.addresses[0]);
        }
    }
}

static void do_not_named(char **words)
{
    struct named named;
    (void)words;
    if (stage_next_named(&named)) {
        complain("something has come of a name", outcome_word(named.outcome));
    }
}

static void do_explain(char **words)
{
    stage_explain(story.gateway, words[0]);
    played_settle();
}

static void do_drop(char **words)
{
    stage_drop(story.gateway, words[0]);
    played_settle();
}

static void do_changed(char **words)
{
    played_directory_changed(words[0], words[1]);
    played_settle();
}

static void do_cut(char **words)
{
    stage_cut(story.gateway, strcmp(words[0], "yes") == 0);
    played_settle();
}

static void do_clock_ahead(char **words)
{
    int64_t ahead_ms;
    struct error error;
    must(text_parse_duration(words[0], &ahead_ms, &error) == 0, "CLOCK_AHEAD");
    played_clock_ahead(ahead_ms / 1000);
}

static void do_time_passes(char **words)
{
    int64_t left;
    struct error error;
    must(text_parse_duration(words[0], &left, &error) == 0, "TIME_PASSES");
    for (int64_t next; (next = played_next_timer_ms()) >= 0 && next <= left; left -= next) {
        played_clock_pass(next);
        played_fire_timers();
        played_settle();
    }
    played_clock_pass(left);
    played_settle();
}

/* What an ANSWER may say: a word, perhaps with a number behind it, and whether it is true of the answer. */

static bool is_fresh(const struct served *served, int64_t value)
{
    (void)value;
    return !served->stale && clock_wall_s() < served->answer->fresh_until;
}

static bool is_stale(const struct served *served, int64_t value)
{
    (void)value;
    return served->stale && clock_wall_s() >= served->answer->fresh_until;
}

static bool is_doubtful(const struct served *served, int64_t value)
{
    (void)value;
    return served->stale && clock_wall_s() < served->answer->fresh_until;
}

static bool is_partial(const struct served *served, int64_t value)
{
    (void)value;
    return served->answer->partial;
}

static bool is_whole(const struct served *served, int64_t value)
{
    (void)value;
    return !served->answer->partial;
}

static bool has_usable(const struct served *served, int64_t value)
{
    return served->answer->usable_count == (size_t)value;
}

static bool has_refused(const struct served *served, int64_t value)
{
    return served->answer->certificate_count - served->answer->usable_count == (size_t)value;
}

static bool has_chain(const struct served *served, int64_t value)
{
    return served->answer->usable_count > 0 && served->answer->certificates[0].chain_count == (size_t)value;
}

static bool has_retry(const struct served *served, int64_t value)
{
    return served->answer->retry_after_s == value;
}

/* The best one's revocation is not known; is known to be good. */
static bool is_marked(const struct served *served, int64_t value)
{
    (void)value;
    return served->answer->usable_count > 0 &&
           served->answer->certificates[0].revocation.status == REVOCATION_UNKNOWN;
}

static bool is_good(const struct served *served, int64_t value)
{
    (void)value;
    return served->answer->usable_count > 0 && served->answer->certificates[0].revocation.status == REVOCATION_GOOD;
}

static bool is_explained(const struct served *served, int64_t value)
{
    (void)value;
    return served->answer->certificate_count > 0 && served->answer->certificates[0].trail != NULL;
}

static bool is_bare(const struct served *served, int64_t value)
{
    return !is_explained(served, value);
}

static const struct {
    const char *word;
    bool (*holds)(const struct served *served, int64_t value);
} claims[] = {
    {"fresh", is_fresh},     {"stale", is_stale}, {"doubtful", is_doubtful},       {"partial", is_partial}, {"whole", is_whole},
    {"usable=", has_usable}, {"refused=", has_refused}, {"retry=", has_retry},   {"marked", is_marked},
    {"good", is_good},       {"explained", is_explained}, {"bare", is_bare},      {"chain=", has_chain},
};

static bool holds(const struct served *served, const char *word)
{
    const struct answer *answer = served->answer;
    enum outcome outcome;
    enum reason reason;
    if (outcome_parse(word, &outcome)) {
        return answer->outcome == outcome;
    }
    if (reason_parse(word, &reason)) {
        return answer->reason == reason;
    }
    if (strncmp(word, "layer=", 6) == 0) {
        return strcmp(layer_word(served->layer), word + 6) == 0;
    }
    if (strncmp(word, "life<=", 6) == 0) {
        int64_t ms = 0;
        struct error error;
        must(text_parse_duration(word + 6, &ms, &error) == 0, word);
        int64_t life_s = answer->fresh_until - answer->made_at;
        return life_s <= ms / 1000 && life_s >= ms / 1000 * 9 / 10 - 1;
    }
    for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
        size_t size = strlen(claims[i].word);
        bool takes_number = claims[i].word[size - 1] == '=';
        if (strncmp(word, claims[i].word, size) == 0 && (takes_number || word[size] == '\0')) {
            return claims[i].holds(served, takes_number ? (int64_t)number(word + size) : 0);
        }
    }
    must(false, word);
    return false;
}

static void describe(const struct served *served)
{
    const struct answer *answer = served->answer;
    printf("#   it is: %s %s layer=%s usable=%zu refused=%zu%s%s life=%llds retry=%lld\n",
           outcome_word(answer->outcome), reason_word(answer->reason), layer_word(served->layer), answer->usable_count,
           answer->certificate_count - answer->usable_count, served->stale ? " stale" : "",
           answer->partial ? " partial" : "", (long long)(answer->fresh_until - answer->made_at),
           (long long)answer->retry_after_s);
}

static void do_answer(char **words)
{
    unsigned times = 1;
    for (size_t i = 0; words[i] != NULL; i++) {
        times = strncmp(words[i], "times=", 6) == 0 ? number(words[i] + 6) : times;
    }
    for (unsigned n = 0; n < times; n++) {
        struct served served = stage_next_answer();
        if (served.answer == NULL) {
            complain("no answer has come", NULL);
            return;
        }
        for (size_t i = 0; words[i] != NULL; i++) {
            if (strncmp(words[i], "times=", 6) != 0 && !holds(&served, words[i])) {
                complain("the answer is not so", words[i]);
                describe(&served);
            }
        }
        answer_free(&served.answer);
    }
}

static void do_no_answer(char **words)
{
    (void)words;
    struct served served = stage_next_answer();
    if (served.answer != NULL) {
        complain("an answer has come", NULL);
        describe(&served);
        answer_free(&served.answer);
    }
}

static void expect_number(const char *what, unsigned is, const char *want)
{
    if (is != number(want)) {
        printf("# %s: %u\n", what, is);
        complain("the number is another", want);
    }
}

static void do_searches(char **words)
{
    expect_number("searches", played_directory_searches(words[0]), words[1]);
}

static void do_fetches(char **words)
{
    expect_number("fetches", played_web_fetches(words[0]), words[1]);
}

static void do_readings(char **words)
{
    expect_number("readings", played_directory_readings(words[0]), words[1]);
}

static void do_redis_gets(char **words)
{
    expect_number("GETs", played_redis_gets(), words[0]);
}

static void do_redis_sets(char **words)
{
    expect_number("SETs", played_redis_sets(), words[0]);
}

static void do_renew(char **words)
{
    stage_renew(story.gateway, words[0]);
    played_settle();
}

static void do_engine(char **words)
{
    bool slow = strcmp(words[0], "slow") == 0;
    if (strcmp(words[0], "judges") == 0) {
        stage_engine_judges();
        return;
    }
    if (strcmp(words[0], "hedges") == 0) {
        stage_engine_hedges(number(words[1]));
        return;
    }
    must(slow || strcmp(words[0], "quick") == 0, "ENGINE");
    played_clock_slow(slow);
}

static void do_counted(char **words)
{
    static const struct {
        const char *word;
        enum counter counter;
    } counters[] = {
        {"renewals_started", COUNT_RENEWALS_STARTED}, {"renewals_joined", COUNT_RENEWALS_JOINED},
        {"renewals_failed", COUNT_RENEWALS_FAILED},   {"renewals_limited", COUNT_RENEWALS_LIMITED},
        {"stale_renewing", COUNT_STALE_RENEWING},     {"stale_slow", COUNT_STALE_SLOW},
        {"stale_failing", COUNT_STALE_FAILING},
        {"engine_worked", COUNT_ENGINE_WORKED},       {"hedged", COUNT_HEDGED},
        {"in_vain", COUNT_HEDGED_IN_VAIN},           {"name_searches_limited", COUNT_LIMIT_NAME_SEARCHES},
    };
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        if (strcmp(words[0], counters[i].word) == 0) {
            expect_number(words[0], stage_counted(counters[i].counter), words[1]);
            return;
        }
    }
    must(strcmp(words[0], "stale") == 0, "COUNTED");
    expect_number(words[0], stage_counted_stale(), words[1]);
}

static void do_secret(char **words)
{
    if (played_redis_mentions(words[0])) {
        complain("stands in Redis in clear", words[0]);
    }
}

static const struct verb {
    const char *word;
    void (*act)(char **words);
    unsigned least; /* words behind it */
} verbs[] = {
    {"STORY", do_story, 1},
    {"SET", do_set, 2},
    {"DIRECTORY", do_directory, 2},
    {"REDIS", do_redis, 0},
    {"START", do_start, 0},
    {"GATEWAY", do_gateway, 1},
    {"HAS", do_has, 3},
    {"LACKS", do_lacks, 2},
    {"MOOD", do_mood, 2},
    {"CRL", do_crl, 2},
    {"FORGED", do_forged, 2},
    {"ENTRY", do_entry, 3},
    {"ISSUER", do_issuer, 1},
    {"ISSUER-ENTRY", do_issuer_entry, 2},
    {"WEB", do_web, 2},
    {"FETCHES", do_fetches, 2},
    {"READINGS", do_readings, 2},
    {"READY", do_ready, 0},
    {"NOT_READY", do_not_ready, 0},
    {"REDIS-IS", do_redis_is, 1},
    {"VALIDATORS", do_validators, 1},
    {"ENGINE", do_engine, 1},
    {"REVOKE", do_revoke, 1},
    {"RELOAD", do_reload, 0},
    {"DRAIN", do_drain, 0},
    {"ASK", do_ask, 1},
    {"ASK_LATE", do_ask_late, 1},
    {"ASK_EXPIRED", do_ask_expired, 1},
    {"CALLED", do_called, 3},
    {"ASK_NAME", do_ask_name, 1},
    {"ASK_NAME_OPEN", do_ask_name_open, 1},
    {"NAMED", do_named, 3},
    {"NOT_NAMED", do_not_named, 0},
    {"EXPLAIN", do_explain, 1},
    {"DROP", do_drop, 1},
    {"CHANGED", do_changed, 2},
    {"CUT", do_cut, 1},
    {"RENEW", do_renew, 1},
    {"COUNTED", do_counted, 2},
    {"TIME_PASSES", do_time_passes, 1},
    {"CLOCK_AHEAD", do_clock_ahead, 1},
    {"ANSWER", do_answer, 1},
    {"NO_ANSWER", do_no_answer, 0},
    {"SEARCHES", do_searches, 2},
    {"REDIS_GETS", do_redis_gets, 1},
    {"REDIS_SETS", do_redis_sets, 1},
    {"SECRET", do_secret, 1},
};

static void play_line(char *line)
{
    char *words[WORDS_MAX + 1] = {NULL}, *rest = line;
    unsigned count = 0;
    line[strcspn(line, "#\n")] = '\0';
    for (char *word; count < WORDS_MAX && (word = strtok_r(rest, " \t", &rest)) != NULL;) {
        words[count++] = word;
    }
    if (count == 0) {
        return;
    }
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(words[0], verbs[i].word) == 0 && count - 1 >= verbs[i].least) {
            verbs[i].act(words + 1);
            return;
        }
    }
    fprintf(stderr, "%s:%u: not a line of a story: %s\n", story.file, story.line, words[0]);
    exit(2);
}

static void play_file(FILE *file, const char *path)
{
    char line[1024];
    story.file = path;
    for (story.line = 1; fgets(line, sizeof(line), file) != NULL; story.line++) {
        play_line(line);
    }
    finish_story();
}

/* Where there is Redis, either the engine asks it, or the thread that has the question: what comes of it is the same. */
static void play_both_ways(FILE *file, const char *name)
{
    had_redis = threads_ask = false;
    stage_let_threads_ask(threads_ask);
    play_file(file, name);
    if (had_redis) {
        rewind(file);
        threads_ask = true;
        stage_let_threads_ask(threads_ask);
        play_file(file, name);
    }
}

int main(int argc, char **argv)
{
    FILE *files[64];
    must(argc > 2 && argc - 2 <= 64, "play FOLDER STORY-FILE…");
    for (int i = 2; i < argc; i++) {
        files[i - 2] = fopen(argv[i], "r");
        must(files[i - 2] != NULL, argv[i]);
    }
    log_open(getenv("STORY_LOG") != NULL ? LEVEL_DEBUG : LEVEL_ERROR, LOG_FORMAT_TEXT);
    setvbuf(stdout, NULL, _IOLBF, 0);
    stage_open(argv[1]);
    for (int i = 2; i < argc; i++) {
        play_both_ways(files[i - 2], argv[i]);
        fclose(files[i - 2]);
    }
    stage_close();
    printf("1..%u\n", passed + failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}
