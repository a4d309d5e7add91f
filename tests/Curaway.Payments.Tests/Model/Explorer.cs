using System.Globalization;
using System.Text;

namespace Curaway.Payments.Tests.Model;

/// <summary>
/// What an exploration found: the states and moves, the longest way from any state to the end once faults have stopped, and
/// the nearest breach with the shortest way to it, or null.
/// </summary>
internal sealed record Exploration(int StateCount, long MoveCount, int CalmStepCountMax, string? Breach, string? Story);

/// <summary>Visits every state, nearest first, and from every state asks whether calm brings it to a good end.</summary>
internal sealed class Explorer(MoneyModel model, int stateCountMax = int.MaxValue)
{
    private const int CalmStepCountMax = 400;
    private const int CircleStepCountMax = 24;

    private readonly Dictionary<World, int> _numbers = [];
    private readonly List<(World World, int From, string What)> _states = [];
    private readonly Dictionary<World, (int Steps, string? Breach)> _ends = [];
    private long _moveCount;

    public Exploration Run()
    {
        Add(model.Start, -1, "nothing has happened");
        var moves = new List<Move>();
        for (var number = 0; number < _states.Count && _states.Count < stateCountMax; number++)
        {
            var world = _states[number].World;
            if (Rules.BrokenIn(world) is { } broken)
                return Found(broken, number);
            var (_, breach) = End(world);
            if (breach is not null)
                return Found(breach, number, isCalm: true);
            model.Moves(world, moves);
            _moveCount += moves.Count;
            foreach (var move in moves)
            {
                if (move.Broken is not null)
                    return Found(move.Broken, number, move);
                Add(move.Next, number, move.What);
            }
        }

        return new Exploration(_states.Count, _moveCount, _ends.Count == 0 ? 0 : _ends.Values.Max(end => end.Steps), null, null);
    }

    /// <summary>What is wrong where calm leads from here; null when nothing is.</summary>
    public string? BreachAtTheEndOf(World world) => End(world).Breach;

    private void Add(World world, int from, string what)
    {
        if (_numbers.TryAdd(world, _states.Count))
            _states.Add((world, from, what));
    }

    /// <summary>How many steps of calm there are, and what is wrong where they end.</summary>
    private (int Steps, string? Breach) End(World world)
    {
        if (_ends.TryGetValue(world, out var end))
            return end;
        var way = new List<World> { world };
        foreach (var move in CalmOf(world))
        {
            if (_ends.TryGetValue(move.Next, out end))
                return Remember(way, end);
            way.Add(move.Next);
            if (way.Count > CalmStepCountMax)
                return (way.Count, "calm never ends");
        }

        return Remember(way, (-1, Rules.BrokenAtTheEnd(way[^1])));
    }

    private (int Steps, string? Breach) Remember(List<World> way, (int Steps, string? Breach) end)
    {
        for (var index = way.Count - 1; index >= 0; index--)
            _ends[way[index]] = end = (end.Steps + 1, end.Breach);
        return end;
    }

    /// <summary>What happens when faults have stopped. What goes round in a circle does so until something else can happen.</summary>
    private IEnumerable<Move> CalmOf(World world)
    {
        var seen = new HashSet<World> { world };
        var moves = new List<Move>();
        for (var stale = 0; stale < CircleStepCountMax;)
        {
            model.Calm(world, moves);
            if (moves.Count == 0)
                yield break;
            var at = Math.Max(0, moves.FindIndex(move => !seen.Contains(move.Next)));
            stale = seen.Add(moves[at].Next) ? 0 : stale + 1;
            world = moves[at].Next;
            yield return moves[at];
        }
    }

    private Exploration Found(string breach, int number, Move? last = null, bool isCalm = false)
    {
        var story = new StringBuilder();
        var path = new Stack<(World World, string What)>();
        for (var at = number; at >= 0; at = _states[at].From)
            path.Push((_states[at].World, _states[at].What));
        if (last is { } move)
            (_, path) = (0, new Stack<(World, string)>(path.Append((move.Next, move.What))));
        var step = 0;
        foreach (var (world, what) in last is null ? path : path.Reverse())
            Tell(story, step++, what, world);
        if (isCalm)
        {
            story.AppendLine("Faults stop here.");
            foreach (var calm in CalmOf(_states[number].World).Take(CalmStepCountMax))
                Tell(story, step++, calm.What, calm.Next);
        }

        return new Exploration(_states.Count, _moveCount, 0, breach, story.AppendLine(breach).ToString());
    }

    private static void Tell(StringBuilder story, int step, string what, World world) =>
        story.AppendLine(CultureInfo.InvariantCulture, $"{step,3}. {what}").AppendLine(world.ToString());
}
