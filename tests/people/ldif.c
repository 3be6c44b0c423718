#include "tests/people/person.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_COLUMNS 76

struct ldif {
    FILE *file;
};

/* One attribute line, folded (RFC 2849, note 2). */
static void write_folded(struct ldif *ldif, const char *name, const char *between, const char *value)
{
    int column = fprintf(ldif->file, "%s%s", name, between);

    for (; *value != '\0'; value++, column++) {
        if (column >= LINE_COLUMNS) {
            fputs("\n ", ldif->file);
            column = 1;
        }
        fputc(*value, ldif->file);
    }
    fputc('\n', ldif->file);
}

static void write_base64(struct ldif *ldif, const char *name, const void *data, size_t size)
{
    char *text = malloc((size + 2) / 3 * 4 + 1);

    must(text != NULL, "out of memory");
    EVP_EncodeBlock((unsigned char *)text, data, (int)size);
    write_folded(ldif, name, ":: ", text);
    free(text);
}

/* SAFE-STRING of RFC 2849. */
static bool is_safe(const char *text)
{
    if (strchr(" :<", text[0]) != NULL) {
        return false;
    }
    for (const char *c = text; *c != '\0'; c++) {
        if ((uint8_t)*c < ' ' || (uint8_t)*c > '~') {
            return false;
        }
    }
    return text[0] != '\0' && text[strlen(text) - 1] != ' ';
}

static void write_text(struct ldif *ldif, const char *name, const char *text)
{
    if (is_safe(text)) {
        write_folded(ldif, name, ": ", text);
    } else {
        write_base64(ldif, name, text, strlen(text));
    }
}

static void end_entry(struct ldif *ldif)
{
    fputc('\n', ldif->file);
}

static void write_unit(struct ldif *ldif, const char *name)
{
    fprintf(ldif->file, "dn: ou=%s,dc=example,dc=org\nobjectClass: organizationalUnit\nou: %s\n", name, name);
    end_entry(ldif);
}

static void write_authority(struct ldif *ldif, const struct authority *authority)
{
    struct der der = certificate_der(authority->certificate);

    fprintf(ldif->file, "dn: cn=%s,ou=PKI,dc=example,dc=org\n", authority->file);
    fprintf(ldif->file, "objectClass: organizationalRole\nobjectClass: pkiCA\ncn: %s\n", authority->file);
    write_base64(ldif, "cACertificate;binary", der.data, der.size);
    end_entry(ldif);
    free(der.data);
}

struct ldif *ldif_open(const char *path)
{
    struct ldif *ldif = malloc(sizeof(*ldif));

    must(ldif != NULL, "out of memory");
    ldif->file = fopen(path, "w");
    must(ldif->file != NULL, path);
    return ldif;
}

void ldif_write_tree(struct ldif *ldif, const struct authorities *authorities)
{
    fputs("dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\n", ldif->file);
    fputs("dc: example\no: Example\n", ldif->file);
    end_entry(ldif);
    write_unit(ldif, "People");
    write_unit(ldif, "Contacts");
    write_unit(ldif, "PKI");
    write_authority(ldif, &authorities->root);
    write_authority(ldif, &authorities->issuing);
    write_authority(ldif, &authorities->issuing_ec);
}

static void write_entry(struct ldif *ldif, const struct person *person, const char *unit, bool elsewhere)
{
    char dn[3 * PERSON_TEXT_BYTES];

    snprintf(dn, sizeof(dn), "uid=%s@%s,ou=%s,dc=example,dc=org", person->uid, person->domain, unit);
    for (char *c = dn; *c != '\0'; c++) { /* of what must be escaped in a DN (RFC 4514 2.4), only this occurs */
        must(strchr("\\\"<>;", *c) == NULL, dn);
        if (*c == '+') {
            memmove(c + 1, c, strlen(c) + 1);
            *c++ = '\\';
        }
    }
    write_text(ldif, "dn", dn);
    fputs("objectClass: inetOrgPerson\n", ldif->file);
    write_text(ldif, "cn", person->name);
    write_text(ldif, "displayName", person->name);
    write_text(ldif, "givenName", person->given);
    write_text(ldif, "sn", person->family);
    fprintf(ldif->file, "uid: %s@%s\n", person->uid, person->domain);
    for (size_t i = 0; i < person->mail_count; i++) {
        write_text(ldif, "mail", person->mails[i]);
    }
    for (size_t i = 0; i < person->value_count; i++) {
        const struct value *value = &person->values[i];
        if (value->elsewhere == elsewhere) {
            write_base64(ldif, value->smime ? "userSMIMECertificate" : "userCertificate;binary", value->der.data,
                         value->der.size);
        }
    }
    end_entry(ldif);
}

void ldif_write_person(struct ldif *ldif, const struct person *person)
{
    bool twice = false;

    if (person->absent) {
        return;
    }
    for (size_t i = 0; i < person->value_count; i++) {
        twice = twice || person->values[i].elsewhere;
    }
    write_entry(ldif, person, "People", false);
    if (twice) {
        write_entry(ldif, person, "Contacts", true);
    }
}

void ldif_close(struct ldif **ldif)
{
    must(fflush((*ldif)->file) == 0 && ferror((*ldif)->file) == 0 && fclose((*ldif)->file) == 0, "cannot write LDIF");
    free(*ldif);
    *ldif = NULL;
}
