-- What wrk asks, and what it says in the end. In the environment:
--
--   LEAST=BYTES    the least that a response has, headers and all: less, a wrong status or a broken connection fails
--   PATHS=FILE     one path a line, asked in this order over and over; without it, wrk's URL alone
--   BEGIN=NUMBER   so many lines of it are left out at first
--   FRESH=NUMBER   instead: /v1/recipients/userNNNNNN@example.org/certificate from this number on, each once
--   POSTS=FILE     instead: one JSON body a line, posted to wrk's URL over and over
--   TOKEN=TEXT     goes along with each request
--
-- The last line of wrk's output is then "rate R median_us M p99_us P requests N".

local least = tonumber(os.getenv("LEAST") or "1")
local paths, fresh, posts = os.getenv("PATHS"), os.getenv("FRESH"), os.getenv("POSTS")
local ready, at = {}, 0

-- Each request has a number of its own in a header, so that whoever asks for one path over and over reads as many bytes
-- of its own memory as who asks for many.
local function read_requests(file, make)
    for line in io.lines(file) do
        ready[#ready + 1] = make(line, string.format("%06d", #ready))
    end
end

function init(args)
    local token = os.getenv("TOKEN")
    if token then
        wrk.headers["Authorization"] = "Bearer " .. token
    end
    if paths then
        read_requests(paths, function(path, number)
            return wrk.format("GET", path, { Draw = number })
        end)
        at = tonumber(os.getenv("BEGIN") or "0") % #ready
    elseif posts then
        read_requests(posts, function(body, number)
            return wrk.format("POST", nil, { Draw = number, ["Content-Type"] = "application/json" }, body)
        end)
    end
end

if paths or posts then
    function request()
        at = at % #ready + 1
        return ready[at]
    end
elseif fresh then
    at = tonumber(fresh) - 1
    function request()
        at = at + 1
        return wrk.format("GET", string.format("/v1/recipients/user%06d@example.org/certificate", at))
    end
end

function done(summary, latency)
    local errors = summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    if failed > 0 or summary.requests == 0 or summary.bytes / summary.requests < least then
        io.write(string.format("failed: %d requests, %d bytes, connect %d read %d write %d status %d timeout %d\n",
            summary.requests, summary.bytes, errors.connect, errors.read, errors.write, errors.status, errors.timeout))
        return
    end
    io.write(string.format("rate %.1f median_us %d p99_us %d requests %d\n", summary.requests / (summary.duration / 1e6),
        latency:percentile(50), latency:percentile(99), summary.requests))
end
