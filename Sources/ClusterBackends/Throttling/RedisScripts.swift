internal import RedisClient

/// What runs inside Redis. Every script is one decision: it sees to it that the epoch is there, reads the server's clock, and touches the
/// keys of one limit, one account, one message or the workers; so that limits, accounts and messages may live on several servers, each with
/// an epoch and a copy of the workers' beats.
///
/// `KEYS[1]` is the epoch, `ARGV[1]` the time in microseconds, 0 for the server's own.
enum RedisScripts {
    /// Sets `now` and `epoch`, or fails.
    private static let opening = """
        local epoch = redis.call('GET', KEYS[1])
        if not epoch then return redis.error_reply('EPOCH is missing') end
        local now = tonumber(ARGV[1])
        if now == 0 then
          local time = redis.call('TIME')
          now = time[1] * 1000000 + time[2]
        end

        """

    /// The generic cell rate algorithm as `GCRA` has it: times are whole microseconds and 2^-20 parts of one, kept apart, because a double
    /// holds no more than 53 bits. The state is `MICROSECONDS PARTS LEASED`.
    ///
    /// `ARGV`: time, interval's microseconds, interval's parts, burst.
    private static let cells = """
        local iw, ip, burst = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
        local function ahead(w, p, n)
          local sum = p + n * ip
          local carry = math.floor(sum / 1048576)
          return w + n * iw + carry, sum - carry * 1048576
        end
        local aw, ap, leased = 0, 0, 0
        local state = redis.call('GET', KEYS[2])
        if state then
          local w, p, l = string.match(state, '^(%d+) (%d+) (%d)$')
          aw, ap, leased = tonumber(w), tonumber(p), tonumber(l)
        else
          local at, kind = string.match(epoch, '^(%d+) (%a)$')
          if kind ~= 'f' then aw, ap = ahead(tonumber(at), 0, burst) end
        end
        local function try(cost, limit)
          local w, p = aw, ap
          if w < now then w, p = now, 0 end
          w, p = ahead(w, p, cost)
          local fw, fp = ahead(w, p, -limit)
          if fw > now or (fw == now and fp > 0) then return fw - now + (fp > 0 and 1 or 0) end
          aw, ap = w, p
          return 0
        end
        local function keep()
          redis.call('SET', KEYS[2], string.format('%.0f %.0f %d', aw, ap, leased), 'PX', math.max(math.ceil((aw - now) / 1000), 0) + 120000)
        end

        """

    /// Answers 0 when the tokens were taken, else the microseconds to wait.
    ///
    /// `KEYS`: epoch, limit. `ARGV`: those above, cost, the burst that leases leave, how long leased tokens live.
    static let take = RedisScript(
        opening + cells + """
            local cost, rest, life = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
            local limit = burst
            if leased == 1 then
              if cost <= rest then
                limit = rest
              else
                local wait = aw - (now - life) + (ap > 0 and 1 or 0)
                if wait > 0 then return wait end
              end
            end
            local wait = try(cost, limit)
            if wait == 0 then keep() end
            return wait
            """)

    /// Answers how many tokens were taken, and when there were none the microseconds to wait.
    ///
    /// `KEYS`: epoch, limit. `ARGV`: those above, the most tokens, the burst that leases leave.
    static let lease = RedisScript(
        opening + cells + """
            local lot, rest = math.min(tonumber(ARGV[5]), tonumber(ARGV[6])), tonumber(ARGV[6])
            local interval = iw + ip / 1048576
            while true do
              local wait = try(lot, rest)
              if wait == 0 then
                leased = 1
                keep()
                return {lot, 0}
              end
              if lot == 1 then return {0, wait} end
              lot = math.max(1, lot - math.max(1, math.ceil(wait / interval)))
            end
            """)

    /// Gives tokens back. `KEYS`: epoch, limit. `ARGV`: those above, count.
    static let refundTokens = RedisScript(
        opening + cells + """
            if not state then return 0 end
            aw, ap = ahead(aw, ap, -tonumber(ARGV[5]))
            if aw < 0 then aw, ap = 0, 0 end
            keep()
            return 1
            """)

    /// An account's window: a hash of counts by minute, `s` their sum, `o` a minute before which there are none. `ARGV[2]` is how many
    /// minutes count. Sets `sum` and `first`; forgets what has left the window.
    private static let window = """
        local minutes = tonumber(ARGV[2])
        local minute = math.floor(now / 60000000)
        local first = minute - minutes + 1
        local kept = redis.call('HMGET', KEYS[2], 's', 'o')
        local sum, oldest = tonumber(kept[1] or '0'), tonumber(kept[2] or minute)
        if oldest < first then
          if first - oldest >= minutes then
            redis.call('DEL', KEYS[2])
            sum = 0
          else
            local gone = {}
            for m = oldest, first - 1 do gone[#gone + 1] = string.format('%.0f', m) end
            for _, count in ipairs(redis.call('HMGET', KEYS[2], unpack(gone))) do
              if count then sum = sum - tonumber(count) end
            end
            redis.call('HDEL', KEYS[2], unpack(gone))
            redis.call('HSET', KEYS[2], 's', string.format('%.0f', sum), 'o', string.format('%.0f', first))
          end
          oldest = first
        end

        """

    /// Answers whether the recipients were counted, the sum before, and the time in milliseconds.
    ///
    /// `KEYS`: epoch, account. `ARGV`: time, minutes, recipients, quota or -1, how long an idle window is kept in milliseconds.
    static let reserve = RedisScript(
        opening + window + """
            local count, quota = tonumber(ARGV[3]), tonumber(ARGV[4])
            local at, kind = string.match(epoch, '^(%d+) (%a)$')
            if kind == 's' and quota >= 0 and now < tonumber(at) + minutes * 60000000 then return {0, math.max(sum, quota), 0} end
            if quota >= 0 and sum + count > quota then return {0, sum, 0} end
            redis.call('HINCRBY', KEYS[2], string.format('%.0f', minute), count)
            redis.call('HSET', KEYS[2], 's', string.format('%.0f', sum + count), 'o', string.format('%.0f', math.min(oldest, minute)))
            redis.call('PEXPIRE', KEYS[2], ARGV[5])
            return {1, sum, math.floor(now / 1000)}
            """)

    /// What an account's window holds. `KEYS`: epoch, account. `ARGV`: time, minutes.
    static let used = RedisScript(opening + window + "return sum\n")

    /// Takes a reservation back, unless its minute has left the window. `KEYS`: epoch, account. `ARGV`: time, minutes, recipients, its
    /// minute.
    static let refundQuota = RedisScript(
        opening + window + """
            local held = tonumber(redis.call('HGET', KEYS[2], ARGV[4]) or '0')
            local back = math.min(held, tonumber(ARGV[3]))
            if tonumber(ARGV[4]) < first or back <= 0 then return 0 end
            if back == held then redis.call('HDEL', KEYS[2], ARGV[4]) else redis.call('HINCRBY', KEYS[2], ARGV[4], -back) end
            redis.call('HSET', KEYS[2], 's', string.format('%.0f', sum - back))
            return back
            """)

    /// A marker is `ATTEMPT HOP PHASE DOUBT DEATHS TICKET OWNER`, a line end, and the outcome. Phases: claimed, data, finished, released. Deaths
    /// are those of owners that had it open. Tickets rise with an owner's calls: a claim that is carried out after a later one of the same owner, as
    /// a server does that stood still, changes nothing. Workers are a sorted set by the time of their last beat.
    ///
    /// `KEYS`: epoch, workers, markers. `ARGV`: time, how long a worker lives, attempt, hop, owner, how long to keep in milliseconds.
    private static let markers = """
        local life, attempt, hop, owner = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
        local function alive(who)
          local seen = redis.call('ZSCORE', KEYS[2], who)
          return seen and now - tonumber(seen) <= life
        end
        local function read(key)
          local value = redis.call('GET', key)
          if not value then return nil end
          local head = string.find(value, '\\n', 1, true)
          local a, h, phase, doubt, deaths, ticket, who =
            string.match(string.sub(value, 1, head - 1), '^(%-?%d+) (%-?%d+) (%a) (%d) (%d) (%x+) (.*)$')
          a, h = tonumber(a), tonumber(h)
          local newer = a > attempt or (a == attempt and h > hop)
          local mine = who == owner and a == attempt and h == hop
          return {a = a, phase = phase, doubt = doubt, deaths = tonumber(deaths), ticket = ticket, who = who, newer = newer, mine = mine,
            open = phase == 'c' or phase == 'd', outcome = string.sub(value, head + 1)}
        end
        local function write(key, phase, doubt, deaths, ticket, outcome)
          local head = string.format('%d %d %s %s %d %s %s\\n', attempt, hop, phase, doubt, deaths, ticket, owner)
          redis.call('SET', key, head .. outcome, 'PX', ARGV[6])
        end

        """

    /// Answers for each marker `C` claimed, `D` claimed in doubt, `H` held by a living owner, `A` and the deaths not claimed since the claim does not
    /// admit so many, `K` not claimed since too many owners died with it, `S` superseded, or `F` and the outcome.
    ///
    /// An owner gets again what it has open: what it has in hand it knows itself, and whatever else it has open is from a call of which no answer
    /// came.
    ///
    /// `ARGV`: those above, this call's ticket, how many owners may die, and how many deaths the claim admits.
    static let claim = RedisScript(
        opening + markers + """
            local answers = {}
            for i = 3, #KEYS do
              local m = read(KEYS[i])
              local answer, deaths = 'C', 0
              if m then
                deaths = m.deaths
                if m.newer then answer = 'S'
                elseif m.who == owner and tonumber(m.ticket, 16) > tonumber(ARGV[7], 16) then answer = 'H'
                elseif m.phase == 'f' then
                  if m.a == attempt then answer = 'F' .. m.outcome end
                elseif m.phase == 'r' then
                  if m.doubt == '1' and m.a == attempt then answer = 'D' end
                elseif m.who == owner then
                  if m.phase == 'd' or m.doubt == '1' then answer = 'D' end
                elseif alive(m.who) then answer = 'H'
                else
                  deaths = deaths + 1
                  local doubt = m.phase == 'd' or m.doubt == '1'
                  if deaths >= tonumber(ARGV[8]) then
                    answer = 'K'
                    write(KEYS[i], 'r', doubt and '1' or '0', 0, ARGV[7], '')
                  elseif doubt then answer = 'D'
                  end
                end
              end
              if (answer == 'C' or answer == 'D') and deaths > tonumber(ARGV[9]) then
                write(KEYS[i], 'r', answer == 'D' and '1' or '0', deaths, ARGV[7], '')
                answer = 'A' .. deaths
              end
              if answer == 'C' then write(KEYS[i], 'c', '0', deaths, ARGV[7], '')
              elseif answer == 'D' then write(KEYS[i], 'c', '1', deaths, ARGV[7], '') end
              answers[#answers + 1] = answer
            end
            return answers
            """)

    /// Answers 0 when a recipient is not the owner's any more, and changes nothing then.
    static let markData = RedisScript(
        opening + markers + """
            local found = {}
            for i = 3, #KEYS do
              local m = read(KEYS[i])
              if m and not (m.mine and m.open) then return 0 end
              found[i] = m or {doubt = '0', deaths = 0, ticket = '0'}
            end
            for i = 3, #KEYS do write(KEYS[i], 'd', found[i].doubt, found[i].deaths, found[i].ticket, '') end
            return 1
            """)

    /// Answers 0 when a recipient was taken over by a living owner or a later copy, and changes nothing then.
    ///
    /// `ARGV`: those above, and for each marker its outcome.
    static let finish = RedisScript(
        opening + markers + """
            for i = 3, #KEYS do
              local m = read(KEYS[i])
              if m and (m.newer or (m.open and m.who ~= owner and alive(m.who))) then return 0 end
            end
            for i = 3, #KEYS do write(KEYS[i], 'f', '0', 0, '0', ARGV[4 + i]) end
            return 1
            """)

    /// Gives the owner's unfinished recipients back.
    static let release = RedisScript(
        opening + markers + """
            for i = 3, #KEYS do
              local m = read(KEYS[i])
              if m and m.mine and m.open then write(KEYS[i], 'r', m.doubt, m.deaths, m.ticket, '') end
            end
            return 1
            """)

    /// Answers how many workers live, 0 when there is no room for another.
    ///
    /// `KEYS`: epoch, workers, summaries. `ARGV`: time, how long a worker lives, the most workers, worker, summary.
    static let beat = RedisScript(
        opening + """
            local life = tonumber(ARGV[2])
            for _, who in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', string.format('(%.0f', now - life))) do
              redis.call('ZREM', KEYS[2], who)
              redis.call('HDEL', KEYS[3], who)
            end
            if not redis.call('ZSCORE', KEYS[2], ARGV[4]) and redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[3]) then return 0 end
            redis.call('ZADD', KEYS[2], string.format('%.0f', now), ARGV[4])
            redis.call('HSET', KEYS[3], ARGV[4], ARGV[5])
            local keep = math.ceil(life / 1000) * 10
            redis.call('PEXPIRE', KEYS[2], keep)
            redis.call('PEXPIRE', KEYS[3], keep)
            return redis.call('ZCARD', KEYS[2])
            """)

    /// Takes a worker out. `KEYS`: epoch, workers, summaries. `ARGV`: time, worker.
    static let leave = RedisScript(
        opening + """
            redis.call('HDEL', KEYS[3], ARGV[2])
            return redis.call('ZREM', KEYS[2], ARGV[2])
            """)

    /// The workers that live. `KEYS`: epoch, workers. `ARGV`: time, how long a worker lives.
    static let living = RedisScript(
        opening + "return redis.call('ZRANGEBYSCORE', KEYS[2], string.format('%.0f', now - tonumber(ARGV[2])), '+inf')\n")

    /// Begins an epoch unless there is one; answers whether it did. `ARGV`: time, kind.
    static let begin = RedisScript(
        """
        local now = tonumber(ARGV[1])
        if now == 0 then
          local time = redis.call('TIME')
          now = time[1] * 1000000 + time[2]
        end
        if redis.call('SETNX', KEYS[1], string.format('%.0f %s', now, ARGV[2])) == 0 then return 0 end
        return 1
        """)
}
