# The rows of tests/data/pkits-expected.csv as lines with tabs: row, address, valid|invalid, leaf's file, title, and
# the policy that the row is judged under: its domain, its policy OIDs (with commas; "": any), and three times 0 or 1
# for requireExplicitPolicy, inhibitPolicyMapping, inhibitAnyPolicy (RFC 5280 6.1.1).
BEGIN { FS = ","; OFS = "\t" }
NR == 1 { next }
{
    # A quoted field holds commas: put them aside.
    line = $0
    if (match(line, /"[^"]*"/)) {
        quoted = substr(line, RSTART + 1, RLENGTH - 2)
        gsub(/,/, "|", quoted)
        line = substr(line, 1, RSTART - 1) quoted substr(line, RSTART + RLENGTH)
    }
    if (split(line, field, ",") != 12) {
        print "pkits: line " NR " has not 12 fields" > "/dev/stderr"
        exit 1
    }
    row = field[1] (field[2] != "" ? "." field[2] : "")
    set = field[7]
    gsub(/NIST-test-policy-/, "p", set)
    domain = set
    gsub(/\|/, "-", domain)
    domain = tolower(domain) (field[8] ? "-explicit" : "") (field[9] ? "-nomapping" : "") (field[10] ? "-noany" : "")
    oids = set == "anyPolicy" ? "" : set
    gsub(/p/, "2.16.840.1.101.3.2.1.48.", oids) # the arc of NIST's test policies
    gsub(/\|/, ",", oids)
    local = row
    gsub(/\./, "-", local)
    print row, "r" local "@" domain ".pkits.test", field[5], field[4], field[3], domain ".pkits.test", oids, field[8], field[9], field[10]
}
