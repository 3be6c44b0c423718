#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <uninorm.h>
#include <unistr.h>

#include "base/address_plain.h"
#include "base/digest.h"
#include "base/domain.h"

#define TEN "1234567890"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define LABEL63 SIXTY "abc"

static const struct {
    const char *name, *input, *want, *display; /* display NULL: as want */
} good[] = {
    {"plain", "alice@example.org", "alice@example.org", NULL},
    {"case", "Alice.B@Example.ORG", "alice.b@example.org", NULL},
    {"all of atext", "!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org", NULL},
    {"one letter", "a@b.c", "a@b.c", NULL},
    {"trailing dot", "a@example.org.", "a@example.org", NULL},
    {"digits", "4@4.example", "4@4.example", NULL},
    {"numeric but for the last label", "a@1.2.3.4.example", "a@1.2.3.4.example", NULL},
    {"hyphens", "a@b--c.d-e.org", "a@b--c.d-e.org", NULL},
    {"IDN", "a@B\xc3\xbc" "cher.example", "a@xn--bcher-kva.example", "a@b\xc3\xbc" "cher.example"},
    {"IDN, capital", "a@M\xc3\x9cNCHEN.de", "a@xn--mnchen-3ya.de", "a@m\xc3\xbcnchen.de"},
    {"IDN, decomposed", "a@mu\xcc\x88nchen.de", "a@xn--mnchen-3ya.de", "a@m\xc3\xbcnchen.de"},
    {"IDN, ideographic full stop", "a@m\xc3\xbcnchen\xe3\x80\x82" "de", "a@xn--mnchen-3ya.de", "a@m\xc3\xbcnchen.de"},
    {"IDN, ideographic full stop at the end", "a@m\xc3\xbcnchen.de\xe3\x80\x82", "a@xn--mnchen-3ya.de",
     "a@m\xc3\xbcnchen.de"},
    {"A-label", "a@xn--mnchen-3ya.de", "a@xn--mnchen-3ya.de", "a@m\xc3\xbcnchen.de"},
    {"A-label, capitals", "a@XN--MNCHEN-3YA.DE", "a@xn--mnchen-3ya.de", "a@m\xc3\xbcnchen.de"},
    {"sharp s stays (non-transitional)", "a@fa\xc3\x9f.de", "a@xn--fa-hia.de", "a@fa\xc3\x9f.de"},
    {"fullwidth letters become ASCII", "a@\xef\xbc\xa5xample.org", "a@example.org", NULL},
    {"UTF-8 local part", "j\xc3\xb6rg@example.org", "j\xc3\xb6rg@example.org", NULL},
    {"UTF-8 local part keeps its case", "J\xc3\x96rg@example.org", "j\xc3\x96rg@example.org", NULL},
    {"UTF-8 local part, decomposed", "jo\xcc\x88rg@example.org", "j\xc3\xb6rg@example.org", NULL},
    {"composed only once lowered", "H\xcc\xb1@example.org", "\xe1\xba\x96@example.org", NULL},
    {"the Kelvin sign is a K", "\xe2\x84\xaa@example.org", "k@example.org", NULL},
    {"straße is not strasse", "stra\xc3\x9f" "e@example.org", "stra\xc3\x9f" "e@example.org", NULL},
    {"needless quotes", "\"alice\"@example.org", "alice@example.org", NULL},
    {"needless quotes and pairs", "\"\\a\\Li.ce\"@example.org", "ali.ce@example.org", NULL},
    {"quotes needed for a space", "\"a B\"@example.org", "\"a b\"@example.org", NULL},
    {"quotes needed for an @", "\"a@b\"@example.org", "\"a@b\"@example.org", NULL},
    {"quotes needed for dots", "\"a..b\"@example.org", "\"a..b\"@example.org", NULL},
    {"quotes and backslashes inside", "\"a\\\"b\\\\c\"@example.org", "\"a\\\"b\\\\c\"@example.org", NULL},
    {"a needless pair inside", "\"a\\ b\"@example.org", "\"a b\"@example.org", NULL},
    {"empty quoted string (RFC 5321 4.1.2)", "\"\"@example.org", "\"\"@example.org", NULL},
    {"UTF-8 in quotes", "\"j\xc3\xb6 rg\"@example.org", "\"j\xc3\xb6 rg\"@example.org", NULL},
    {"local part of 64", SIXTY "abcd@example.org", SIXTY "abcd@example.org", NULL},
    {"label of 63", "a@" LABEL63 ".org", "a@" LABEL63 ".org", NULL},
};

static const struct {
    const char *name, *input;
    size_t size; /* 0: strlen */
    enum address_fault want;
} bad[] = {
    {"empty", "", 0, ADDRESS_EMPTY},
    {"no @", "alice.example.org", 0, ADDRESS_NO_AT},
    {"quoted, no @", "\"alice\"", 0, ADDRESS_NO_AT},
    {"only @", "@", 0, ADDRESS_BAD_LOCAL},
    {"no local part", "@example.org", 0, ADDRESS_BAD_LOCAL},
    {"no domain", "alice@", 0, ADDRESS_BAD_DOMAIN},
    {"two @", "a@b@example.org", 0, ADDRESS_BAD_DOMAIN},
    {"leading dot", ".a@example.org", 0, ADDRESS_BAD_LOCAL},
    {"trailing dot", "a.@example.org", 0, ADDRESS_BAD_LOCAL},
    {"double dot", "a..b@example.org", 0, ADDRESS_BAD_LOCAL},
    {"space before", " a@example.org", 0, ADDRESS_BAD_LOCAL},
    {"space after", "a@example.org ", 0, ADDRESS_BAD_DOMAIN},
    {"space in domain", "a@exam ple.org", 0, ADDRESS_BAD_DOMAIN},
    {"display name", "Alice <a@example.org>", 0, ADDRESS_BAD_LOCAL},
    {"angle brackets", "<a@example.org>", 0, ADDRESS_BAD_LOCAL},
    {"comment", "a(b)@example.org", 0, ADDRESS_BAD_LOCAL},
    {"comment in domain", "a@example.org(b)", 0, ADDRESS_BAD_DOMAIN},
    {"filter metacharacters", "a*)(mail=*)@example.org", 0, ADDRESS_BAD_LOCAL},
    {"filter metacharacters in domain", "a@example.org)(mail=*", 0, ADDRESS_BAD_DOMAIN},
    {"two addresses", "a@example.org,b@example.org", 0, ADDRESS_BAD_DOMAIN},
    {"mailto", "mailto:a@example.org", 0, ADDRESS_BAD_LOCAL},
    {"source route", "@a.example,@b.example:c@d.example", 0, ADDRESS_BAD_LOCAL},
    {"backslash", "a\\b@example.org", 0, ADDRESS_BAD_LOCAL},
    {"open quote", "\"a@example.org", 0, ADDRESS_BAD_LOCAL},
    {"a lone quote", "\"@example.org", 0, ADDRESS_BAD_LOCAL},
    {"quoted pair eats the quote", "\"a\\\"@example.org", 0, ADDRESS_BAD_LOCAL},
    {"backslash is the last octet", "\"a@b\\", 0, ADDRESS_BAD_LOCAL},
    {"text after the quotes", "\"a\"b@example.org", 0, ADDRESS_BAD_LOCAL},
    {"quotes in the middle", "a\"b\"@example.org", 0, ADDRESS_BAD_LOCAL},
    {"quoted parts (obsolete)", "\"a\".\"b\"@example.org", 0, ADDRESS_BAD_LOCAL},
    {"quoted pair of UTF-8", "\"\\\xc3\xb6 \"@example.org", 0, ADDRESS_BAD_LOCAL},
    {"becomes a semicolon in NFC", "a\xcd\xbe" "b@example.org", 0, ADDRESS_BAD_LOCAL},
    {"single label", "a@localhost", 0, ADDRESS_BAD_DOMAIN},
    {"single label, dot", "a@localhost.", 0, ADDRESS_BAD_DOMAIN},
    {"only a dot", "a@.", 0, ADDRESS_BAD_DOMAIN},
    {"two trailing dots", "a@example.org..", 0, ADDRESS_BAD_DOMAIN},
    {"two trailing dots, ideographic", "a@example.org\xe3\x80\x82\xe3\x80\x82", 0, ADDRESS_BAD_DOMAIN},
    {"leading dot in domain", "a@.example.org", 0, ADDRESS_BAD_DOMAIN},
    {"empty label", "a@example..org", 0, ADDRESS_BAD_DOMAIN},
    {"label of nothing but a soft hyphen", "a@\xc2\xad.org", 0, ADDRESS_BAD_DOMAIN},
    {"underscore", "a@exa_mple.org", 0, ADDRESS_BAD_DOMAIN},
    {"underscore in a U-label", "a@\xc3\xbc_b.org", 0, ADDRESS_BAD_DOMAIN},
    {"underscore in an A-label", "a@xn--_b-wka.org", 0, ADDRESS_BAD_DOMAIN},
    {"fullwidth @ in domain", "a@b\xef\xbc\xa0" "c.org", 0, ADDRESS_BAD_DOMAIN},
    {"fullwidth @ alone", "a\xef\xbc\xa0" "c.org", 0, ADDRESS_NO_AT},
    {"leading hyphen", "a@-example.org", 0, ADDRESS_BAD_DOMAIN},
    {"trailing hyphen", "a@example-.org", 0, ADDRESS_BAD_DOMAIN},
    {"leading hyphen, U-label", "a@-\xc3\xbc.org", 0, ADDRESS_BAD_DOMAIN},
    {"label of 64", "a@" LABEL63 "d.org", 0, ADDRESS_BAD_DOMAIN},
    {"IPv4", "a@192.0.2.1", 0, ADDRESS_BAD_DOMAIN},
    {"IPv4, fullwidth", "a@192.0.2.\xef\xbc\x91", 0, ADDRESS_BAD_DOMAIN},
    {"address literal", "a@[192.0.2.1]", 0, ADDRESS_BAD_DOMAIN},
    {"address literal, IPv6", "a@[IPv6:2001:db8::1]", 0, ADDRESS_BAD_DOMAIN},
    {"port", "a@example.org:25", 0, ADDRESS_BAD_DOMAIN},
    {"path", "a@example.org/../../etc/passwd", 0, ADDRESS_BAD_DOMAIN},
    {"no such A-label", "a@xn--a.org", 0, ADDRESS_BAD_DOMAIN},
    {"empty A-label", "a@xn--.org", 0, ADDRESS_BAD_DOMAIN},
    {"A-label of ASCII", "a@xn--abc-.org", 0, ADDRESS_BAD_DOMAIN},
    {"A-label with a no-break space in it", "a@xn--kkkkkkkkkkkkkkkkkkkkk-chen-3ya.org", 0, ADDRESS_BAD_DOMAIN},
    {"emoji is not in IDNA 2008", "a@\xf0\x9f\x92\xa9.la", 0, ADDRESS_BAD_DOMAIN},
    {"joiner without context", "a@a\xe2\x80\x8d.org", 0, ADDRESS_BAD_DOMAIN},
    {"bidi rule", "a@\xd7\x90" "1a.org", 0, ADDRESS_BAD_DOMAIN},
    {"Latin-1", "j\xf6rg@example.org", 0, ADDRESS_BAD_UTF8},
    {"Latin-1 in domain", "a@m\xfcnchen.de", 0, ADDRESS_BAD_UTF8},
    {"overlong /", "a\xc0\xaf@example.org", 0, ADDRESS_BAD_UTF8},
    {"overlong NUL", "a\xc0\x80@example.org", 0, ADDRESS_BAD_UTF8},
    {"surrogate", "a\xed\xa0\x80@example.org", 0, ADDRESS_BAD_UTF8},
    {"beyond Unicode", "a\xf4\x90\x80\x80@example.org", 0, ADDRESS_BAD_UTF8},
    {"cut sequence", "a@example.or\xc3", 0, ADDRESS_BAD_UTF8},
    {"NUL first", "\0a@example.org", 14, ADDRESS_CONTROL},
    {"NUL in local part", "a\0b@example.org", 15, ADDRESS_CONTROL},
    {"NUL in domain", "a@example.org\0.evil.example", 27, ADDRESS_CONTROL},
    {"NUL last", "a@example.org\0", 14, ADDRESS_CONTROL},
    {"NUL and bad UTF-8", "a\0\xff@example.org", 15, ADDRESS_CONTROL},
    {"CR LF", "a@example.org\r\nX: y", 0, ADDRESS_CONTROL},
    {"tab", "a\tb@example.org", 0, ADDRESS_CONTROL},
    {"DEL", "a\x7f@example.org", 0, ADDRESS_CONTROL},
    {"control in quotes", "\"a\nb\"@example.org", 0, ADDRESS_CONTROL},
    {"C1", "a\xc2\x85" "b@example.org", 0, ADDRESS_CONTROL},
    {"C1 in domain", "a@exam\xc2\x9fple.org", 0, ADDRESS_CONTROL},
    {"local part of 65", SIXTY "abcde@example.org", 0, ADDRESS_LOCAL_TOO_LONG},
    {"quoted local part of 66", "\"" SIXTY "abcd\"@example.org", 0, ADDRESS_LOCAL_TOO_LONG},
    {"65 octets before, fewer in NFC", SIXTY "abo\xcc\x88@example.org", 0, ADDRESS_LOCAL_TOO_LONG},
    {"whole of 255", "abc@" LABEL63 "." LABEL63 "." LABEL63 "." SIXTY ".de", 0, ADDRESS_TOO_LONG},
};

static void good_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct address address, again;

        if (address_parse(bytes_of_string(good[i].input), &address) != ADDRESS_OK) {
            fail_msg("%s: refused", good[i].name);
        }
        assert_string_equal(address.text, good[i].want);
        assert_string_equal(address.display, good[i].display != NULL ? good[i].display : good[i].want);
        assert_int_equal(address.size, strlen(address.text));
        assert_int_equal(address.text[address.local_size], '@');
        assert_null(strchr(address_domain(&address), '@'));
        assert_true(bytes_equal(address_bytes(&address), bytes_of_string(good[i].want)));
        assert_int_equal(address_parse(address_bytes(&address), &again), ADDRESS_OK);
        assert_string_equal(again.text, address.text);
        assert_int_equal(address_parse(bytes_of_string(address.display), &again), ADDRESS_OK);
        assert_string_equal(again.text, address.text);
    }
}

static void bad_addresses(void **state)
{
    struct address untouched;

    (void)state;
    memset(&untouched, 0x5a, sizeof(untouched));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        size_t size = bad[i].size != 0 ? bad[i].size : strlen(bad[i].input);
        struct address address = untouched;
        enum address_fault fault = address_parse(bytes_of(bad[i].input, size), &address);

        if (fault != bad[i].want) {
            fail_msg("%s: \"%s\", not \"%s\"", bad[i].name, address_fault_text(fault),
                     address_fault_text(bad[i].want));
        }
        assert_memory_equal(&address, &untouched, sizeof(address));
    }
}

static void whole_of_254_fits(void **state)
{
    static const char text[] = "abc@" LABEL63 "." LABEL63 "." LABEL63 "." TEN TEN TEN TEN TEN "123456.de";
    struct address address;

    (void)state;
    assert_int_equal(strlen(text), 255);
    assert_int_equal(address_parse(bytes_of(text, 255), &address), ADDRESS_TOO_LONG);
    assert_int_equal(address_parse(bytes_of(text + 1, 254), &address), ADDRESS_OK);
    assert_int_equal(address.size, 254);
}

static void overlong_input_is_refused_early(void **state)
{
    static char text[100000];
    struct address address;

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "a@", 2);
    assert_int_equal(address_parse(bytes_of(text, sizeof(text)), &address), ADDRESS_TOO_LONG);
    assert_int_equal(address_parse(bytes_of(text, 1024), &address), ADDRESS_TOO_LONG);
    text[1] = 'a';
    text[70] = '@';
    assert_int_equal(address_parse(bytes_of(text, 300), &address), ADDRESS_LOCAL_TOO_LONG);
}

/* A domain may be longer in U-labels than in A-labels: one character of four octets, repeated, costs a letter each. */
static void long_u_labels_fit_when_their_a_labels_do(void **state)
{
    char text[600] = "a@";
    struct address address;

    (void)state;
    for (int label = 0; label < 4; label++) {
        for (int i = 0; i < 30; i++) {
            strcat(text, "\xf0\xa0\x80\x80"); /* U+20000 */
        }
        strcat(text, ".");
    }
    strcat(text, "org");
    assert_true(strlen(text) > MAX_ADDRESS_BYTES);
    assert_int_equal(address_parse(bytes_of_string(text), &address), ADDRESS_OK);
    assert_true(address.size < MAX_ADDRESS_BYTES);
    assert_string_equal(address.display, text);
}

/* The local part's parser rests on this: quotes, backslashes, @ and dots never come out of NFC that did not go in. */
static void nfc_makes_no_syntax(void **state)
{
    (void)state;
    for (ucs4_t code = 0x80; code < 0x110000; code++) {
        uint8_t in[6], out[64];
        size_t out_size = sizeof(out);
        int size = u8_uctomb(in, code, sizeof(in));

        if (size < 0) {
            continue;
        }
        assert_ptr_equal(u8_normalize(UNINORM_NFC, in, (size_t)size, out, &out_size), out);
        for (size_t i = 0; i < out_size; i++) {
            assert_true(out[i] >= 0x80 || out[i] == ';' || out[i] == '`' || out[i] == 'K');
        }
        assert_true(out_size <= 3 * (size_t)size);
    }
}

static const char *const pieces[] = {
    "alice", "B", ".", "-", "--", "@", "example", "org", "Example.ORG", "xn--", "a.b", "1", "42", "_", "\"", "\\", " ",
    "\xc3\xbc", "\x01", "\x7f", "/", "+", "~", "%", "(", "", "c-d", "@sub.example.org", "@example.com", SIXTY, LABEL63,
};

static size_t compose(char out[1024])
{
    size_t size = 0;

    for (int left = 1 + rand() % 8; left > 0; left--) {
        const char *piece = pieces[(size_t)rand() % (sizeof(pieces) / sizeof(pieces[0]))];
        memcpy(out + size, piece, strlen(piece));
        size += strlen(piece);
    }
    return size;
}

static size_t mutate(char out[1024])
{
    size_t size = (size_t)sprintf(out, "First.Last-%d@Mail%d.example-%d.org", rand() % 999, rand() % 99, rand() % 9);

    for (int left = rand() % 4; left > 0; left--) {
        out[(size_t)rand() % size] = "@.-_aZ0\"+ \0\x80"[rand() % 12];
    }
    return size - (size_t)rand() % 3;
}

/* What the short way takes, the long way takes and makes the same of; what it does not, it leaves alone. */
static void both_ways_agree(void **state)
{
    struct address untouched;
    size_t plain = 0;
    char text[1024];

    (void)state;
    memset(&untouched, 0x5a, sizeof(untouched));
    srand(1);
    for (int i = 0; i < 200000; i++) {
        size_t size = i % 2 == 0 ? compose(text) : mutate(text);
        struct address by_one = untouched, by_other = untouched;
        if (address_parse_plain(bytes_of(text, size), &by_one)) {
            plain++;
            assert_int_equal(address_parse_any(bytes_of(text, size), &by_other), ADDRESS_OK);
        }
        assert_memory_equal(&by_one, &by_other, sizeof(by_one));
    }
    assert_in_range(plain, 20000, 180000);
}

static void nearly_all_are_plain(void **state)
{
    static const char *const yes[] = {"alice@example.org", "First.Last+tag@Sub.Example.COM", "a@b-c.org.",
                                      "a@1.2.museum"};
    static const char *const no[] = {"\"a\"@example.org", "a@xn--mnchen-3ya.de", "j\xc3\xb6rg@example.org",
                                     "a@localhost"};
    struct address address;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_true(address_parse_plain(bytes_of_string(yes[i]), &address));
        assert_false(address_parse_plain(bytes_of_string(no[i]), &address));
    }
}

static void the_hash_is_of_the_text(void **state)
{
    static const char *const spellings[] = {"Alice@Example.org", "\"alice\"@example.org", "alice@EXAMPLE.org."};
    struct address address;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(address_parse(bytes_of_string(spellings[i]), &address), ADDRESS_OK);
        assert_true(address.hash == digest_table_hash(bytes_of("alice@example.org", 17)));
    }
}

static void every_fault_has_words(void **state)
{
    (void)state;
    for (int fault = ADDRESS_OK; fault <= ADDRESS_CONTROL; fault++) {
        assert_non_null(address_fault_text((enum address_fault)fault));
    }
}

static const struct {
    const char *input, *want; /* NULL: refused */
} patterns[] = {
    {"*", "*"},
    {"example.org", "example.org"},
    {"Example.ORG.", "example.org"},
    {"*.Example.org", "*.example.org"},
    {"*.org", "*.org"},
    {"*.m\xc3\xbcnchen.de", "*.xn--mnchen-3ya.de"},
    {LABEL63 "." LABEL63 "." LABEL63 "." SIXTY "a", LABEL63 "." LABEL63 "." LABEL63 "." SIXTY "a"},
    {"*." LABEL63 "." LABEL63 "." LABEL63 "." SIXTY "a", "*." LABEL63 "." LABEL63 "." LABEL63 "." SIXTY "a"},
    {LABEL63 "." LABEL63 "." LABEL63 "." SIXTY "ab", NULL},
    {"", NULL},
    {".", NULL},
    {"*.", NULL},
    {"**", NULL},
    {"*.*", NULL},
    {"*example.org", NULL},
    {"*.*.example.org", NULL},
    {"mail.*.example.org", NULL},
    {"org", NULL},
    {"@example.org", NULL},
    {"a@example.org", NULL},
    {"exam ple.org", NULL},
    {"m\xfcnchen.de", NULL},
    {"192.0.2.1", NULL},
};

static void domain_patterns(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        char out[MAX_DOMAIN_BYTES + 3];

        if (address_domain_pattern_parse(patterns[i].input, out) != (patterns[i].want != NULL)) {
            fail_msg("\"%s\" was %s", patterns[i].input, patterns[i].want != NULL ? "refused" : "accepted");
        }
        if (patterns[i].want != NULL) {
            assert_string_equal(out, patterns[i].want);
        }
    }
}

static const struct {
    const char *domain, *pattern;
    bool want;
} matches[] = {
    {"example.org", "example.org", true},
    {"example.org", "example.com", false},
    {"a.example.org", "example.org", false},
    {"example.org", "a.example.org", false},
    {"a.example.org", "*.example.org", true},
    {"a.b.example.org", "*.example.org", true},
    {"example.org", "*.example.org", false},
    {"badexample.org", "*.example.org", false},
    {".example.org", "*.example.org", false},
    {"example.org", "*", true},
    {"a.b", "*.b", true},
};

static void domain_matching(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
        if (address_domain_matches(matches[i].domain, matches[i].pattern) != matches[i].want) {
            fail_msg("%s by %s", matches[i].domain, matches[i].pattern);
        }
    }
}

static const struct {
    const char *a, *b;
    bool want;
} meetings[] = {
    {"example.org", "example.org", true},
    {"example.org", "example.com", false},
    {"example.org", "a.example.org", false},
    {"example.org", "*", true},
    {"*.example.org", "*", true},
    {"*", "*", true},
    {"a.example.org", "*.example.org", true},
    {"a.b.example.org", "*.example.org", true},
    {"example.org", "*.example.org", false},
    {"badexample.org", "*.example.org", false},
    {"*.example.org", "*.example.org", true},
    {"*.example.org", "*.example.com", false},
    {"*.example.org", "*.org", true},
    {"*.a.b.example.org", "*.example.org", true},
    {"*.badexample.org", "*.example.org", false},
    {"org", "*.org", false},
    {"*.org", "*.rg", false},
};

static void domain_pattern_meeting(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(meetings) / sizeof(meetings[0]); i++) {
        if (address_domain_patterns_meet(meetings[i].a, meetings[i].b) != meetings[i].want ||
            address_domain_patterns_meet(meetings[i].b, meetings[i].a) != meetings[i].want) {
            fail_msg("%s and %s", meetings[i].a, meetings[i].b);
        }
    }
}

static void domain_limits(void **state)
{
    struct domain domain;

    (void)state;
    assert_false(domain_parse(bytes_of("", 0), 1, &domain));
    assert_true(domain_parse(bytes_of_string("org"), 1, &domain));
    assert_false(domain_parse(bytes_of_string("org"), 2, &domain));
    assert_false(domain_parse(bytes_of_string("123"), 1, &domain));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_addresses),
        cmocka_unit_test(bad_addresses),
        cmocka_unit_test(whole_of_254_fits),
        cmocka_unit_test(overlong_input_is_refused_early),
        cmocka_unit_test(long_u_labels_fit_when_their_a_labels_do),
        cmocka_unit_test(nfc_makes_no_syntax),
        cmocka_unit_test(both_ways_agree),
        cmocka_unit_test(nearly_all_are_plain),
        cmocka_unit_test(the_hash_is_of_the_text),
        cmocka_unit_test(every_fault_has_words),
        cmocka_unit_test(domain_patterns),
        cmocka_unit_test(domain_matching), cmocka_unit_test(domain_pattern_meeting),
        cmocka_unit_test(domain_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
