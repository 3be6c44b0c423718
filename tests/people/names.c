#include "tests/people/person.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct name {
    const char *text;  /* as its bearer writes it */
    const char *ascii; /* in an address */
};

/* The two counts have no common factor, so that name number n is a new one up to their product. */
static const struct name given_names[] = {
    {"Anna", "anna"}, {"Bernd", "bernd"}, {"Chloé", "chloe"}, {"Diego", "diego"}, {"Elif", "elif"},
    {"Franz", "franz"}, {"Greta", "greta"}, {"Henrik", "henrik"}, {"Inés", "ines"}, {"Jürgen", "juergen"},
    {"Katarzyna", "katarzyna"}, {"Łukasz", "lukasz"}, {"Mehmet", "mehmet"}, {"Nadia", "nadia"}, {"Ольга", "olga"},
    {"Pieter", "pieter"}, {"Quentin", "quentin"}, {"Rósa", "rosa"}, {"Søren", "soeren"}, {"Tomáš", "tomas"},
    {"Ursula", "ursula"}, {"Valentina", "valentina"}, {"William", "william"}, {"Ximena", "ximena"}, {"Yuki", "yuki"},
    {"Zoë", "zoe"}, {"Abdul", "abdul"}, {"Béatrice", "beatrice"}, {"Conor", "conor"}, {"Δημήτρης", "dimitris"},
    {"Erika", "erika"}, {"Fatima", "fatima"}, {"Giulia", "giulia"}, {"Hans-Peter", "hans-peter"}, {"Ivan", "ivan"},
    {"Jana", "jana"}, {"Kofi", "kofi"}, {"Leïla", "leila"}, {"Max", "max"}, {"Noémie", "noemie"}, {"Oskar", "oskar"},
};

static const struct name family_names[] = {
    {"Müller", "mueller"}, {"Rossi", "rossi"}, {"Nowak", "nowak"}, {"Jensen", "jensen"}, {"García", "garcia"},
    {"O'Brien", "o'brien"}, {"Dupont", "dupont"}, {"Svensson", "svensson"}, {"Novák", "novak"}, {"Yılmaz", "yilmaz"},
    {"de Vries", "devries"}, {"Weiß", "weiss"}, {"Kowalska", "kowalska"}, {"Иванова", "ivanova"}, {"Silva", "silva"},
    {"Papadopoulos", "papadopoulos"}, {"Nakamura", "nakamura"}, {"Okafor", "okafor"}, {"Haugen", "haugen"},
    {"Virtanen", "virtanen"}, {"Keller", "keller"}, {"Lefèvre", "lefevre"}, {"Horváth", "horvath"},
    {"Popescu", "popescu"}, {"Schmidt-Rottluff", "schmidt-rottluff"}, {"Walsh", "walsh"}, {"Costa", "costa"},
    {"Björk", "bjoerk"}, {"Ahmed", "ahmed"}, {"Petrov", "petrov"}, {"van den Berg", "vandenberg"}, {"Fischer", "fischer"},
    {"Moreau", "moreau"}, {"Lindqvist", "lindqvist"}, {"Ferrari", "ferrari"}, {"Zimmermann", "zimmermann"},
    {"Álvarez", "alvarez"}, {"Kaya", "kaya"}, {"Murphy", "murphy"}, {"Steiner", "steiner"}, {"Vogel", "vogel"},
    {"Łuczak", "luczak"}, {"Öztürk", "oeztuerk"}, {"Brown", "brown"}, {"Ruiz", "ruiz"}, {"Nguyễn", "nguyen"},
    {"Adler", "adler"},
};

static void copy(char out[PERSON_TEXT_BYTES], const char *text)
{
    must(strlen(text) < PERSON_TEXT_BYTES, text);
    memmove(out, text, strlen(text) + 1);
}

static void join(char out[PERSON_TEXT_BYTES], const char *left, char between, const char *right)
{
    int size = snprintf(out, PERSON_TEXT_BYTES, "%s%c%s", left, between, right);

    must(size > 0 && size < PERSON_TEXT_BYTES, left);
}

/* "Alice Archer" → given, family, and the uid "alice". */
static void name_first(struct person *person)
{
    const char *space = strchr(person->kind->first, ' ');

    must(space != NULL, person->kind->first);
    snprintf(person->given, PERSON_TEXT_BYTES, "%.*s", (int)(space - person->kind->first), person->kind->first);
    copy(person->family, space + 1);
    copy(person->uid, person->given);
    for (char *c = person->uid; *c != '\0'; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + ('a' - 'A')) : *c;
    }
}

void person_move(struct person *person, const char *uid, const char *domain)
{
    copy(person->uid, uid);
    copy(person->domain, domain);
    join(person->address, person->uid, '@', person->domain);
    copy(person->mails[0], person->address);
    person->mail_count = 1;
    person->certified = person->mails[0];
}

void person_name(struct person *person, size_t among_all)
{
    const struct name *given = &given_names[among_all % COUNT(given_names)];
    const struct name *family = &family_names[among_all % COUNT(family_names)];
    const char *domain = "example.org";

    if (person->number == 0 && person->kind->first != NULL) {
        name_first(person);
    } else {
        copy(person->given, given->text);
        copy(person->family, family->text);
        join(person->uid, given->ascii, '.', family->ascii);
        domain = person->number % 3 == 2 ? "example.com" : domain;
    }
    join(person->name, person->given, ' ', person->family);
    person_move(person, person->uid, domain);
}

void person_number(struct person *person)
{
    copy(person->given, "User");
    snprintf(person->family, PERSON_TEXT_BYTES, "%06zu", person->number + 1);
    snprintf(person->uid, PERSON_TEXT_BYTES, "user%06zu", person->number + 1);
    join(person->name, person->given, ' ', person->family);
    person_move(person, person->uid, "example.org");
}

void person_clear(struct person *person)
{
    for (size_t i = 0; i < person->value_count; i++) {
        free(person->values[i].der.data);
    }
    for (size_t i = 0; i < person->key_count; i++) {
        EVP_PKEY_free(person->keys[i]);
    }
    ASN1_INTEGER_free(person->revoked.serial);
    memset(person, 0, sizeof(*person));
}
