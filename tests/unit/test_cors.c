/* Which texts are origins as browsers write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/http.h"

#define LABEL_60 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"

#define NAME_253 LABEL_60 "." LABEL_60 "." LABEL_60 "." LABEL_60 ".bcdefghij"

static const struct {
    const char *text, *want; /* what the words say; NULL: it is one */
} rows[] = {
    {"*", NULL},
    {"https://webmail.example.org", NULL},
    {"http://localhost", NULL},
    {"http://localhost:3000", NULL},
    {"https://a-b.example:8443", NULL},
    {"https://a_b.example:65535", NULL},
    {"http://a.example:443", NULL},
    {"https://a.example:80", NULL},
    {"http://192.0.2.1:1", NULL},
    {"http://[2001:db8::7]", NULL},
    {"https://[::1]:8443", NULL},
    {"https://xn--bcher-kva.example", NULL},
    {"https://[1111:2222:3333:4444:5555:6666:255.255.255.255]", NULL},
    {"https://" NAME_253, NULL},
    {"https://" NAME_253 ":8443", NULL},

    {"", "is neither https://host"},
    {"null", "is neither https://host"},
    {"**", "is neither https://host"},
    {"a.example", "is neither https://host"},
    {"//a.example", "is neither https://host"},
    {"ftp://a.example", "is neither https://host"},
    {"https:/a.example", "is neither https://host"},
    {" https://a.example", "is neither https://host"},
    {"HTTPS://a.example", "has capital letters"},
    {"https://A.example", "has capital letters"},
    {"https://", "has no host"},
    {"https://*.example", "has no host"},
    {"https://a.example ", "has no host"},
    {"https://user@a.example", "has no host"},
    {"https://b\303\274cher.example", "has no host"},
    {"https://a.example,https://b.example", "has no host"},
    {"https://a.example\r\nx: y", "has no host"},
    {"https://:8080", "has no host"},
    {"https://[]", "has no host"},
    {"https://[::1", "has no host"},
    {"https://[::1]x", "has no host"},
    {"https://[::g]", "has no host"},
    {"https://[192.0.2.1]", "has no host"},
    {"https://[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb]", "has no host"},
    {"https://[1111:2222:3333:4444:5555:6666:7777:8888:9999:a]", "has no host"},
    {"https://2001:db8::7", "has no port"},
    {"https://" NAME_253 "k", "has no host"},
    {"https://" NAME_253 "k:8443", "has no host"},
    {"https://" LABEL_60 "." LABEL_60 "." LABEL_60 "." LABEL_60 "." LABEL_60, "has no host"},
    {"https://a.example/", "goes on behind the host"},
    {"https://a.example/page", "goes on behind the host"},
    {"https://a.example?", "goes on behind the host"},
    {"https://[::1]#", "goes on behind the host"},
    {"https://a.example:", "has no port"},
    {"https://a.example:0", "has no port"},
    {"https://a.example:08443", "has no port"},
    {"https://a.example:65536", "has no port"},
    {"https://a.example:99999999999999999999", "has no port"},
    {"https://a.example:8443/", "has no port"},
    {"https://a.example:-1", "has no port"},
    {"https://a.example:443", "which browsers leave out"},
    {"http://[::1]:80", "which browsers leave out"},
};

static void origins(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {""};
        int result = http_origin_check(rows[i].text, &error);
        bool is_well = rows[i].want == NULL ? result == 0 : result != 0 && strstr(error.text, rows[i].want) != NULL;

        if (!is_well) {
            fail_msg("\"%s\": %d, \"%s\"", rows[i].text, result, error.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(origins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
