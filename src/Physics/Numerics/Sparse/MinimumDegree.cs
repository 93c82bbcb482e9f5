namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>
/// An order of elimination that keeps the factor of a symmetric matrix sparse: always the row that seems to fill in least. Rows that became
/// alike are one, eliminated neighborhoods are kept as elements instead of the entries that they filled in, and the degree is bounded from
/// above by what is known of the elements.
/// </summary>
/// <remarks>After: Amestoy, Davis, Duff, "An approximate minimum degree ordering algorithm", SIAM J. Matrix Anal. Appl. 17, 886 (1996).</remarks>
internal sealed class MinimumDegree
{
    private readonly int _size;
    private readonly int[][] _neighbors;        // Of each variable: variables not yet hidden in an element …
    private readonly int[] _neighborCount;
    private readonly int[][] _elements;         // … and the elements it is in.
    private readonly int[] _elementCount;
    private readonly int[][] _members;          // Of each element: its variables.
    private readonly int[] _memberCount;
    private readonly int[] _weight;             // Rows that a variable stands for; 0 once it is eliminated or stood for itself.
    private readonly bool[] _isElement;
    private readonly int[] _degree;
    private readonly int[] _first;              // Lists of variables by degree.
    private readonly int[] _following;
    private readonly int[] _preceding;
    private readonly int[] _nextAlike;          // Rows that go with a variable, in a chain.
    private readonly int[] _lastAlike;
    private readonly int[] _outside;            // |Lₑ \ Lₚ| of an element, above the mark of the step.
    private readonly int[] _seen;
    private int _mark = 1;
    private int _seenMark;
    private int _least;
    private int _left;

    private MinimumDegree(int size, int[] start, int[] columns)
    {
        _size = size;
        _neighbors = new int[size][];
        _neighborCount = new int[size];
        _elements = new int[size][];
        _elementCount = new int[size];
        _members = new int[size][];
        _memberCount = new int[size];
        _weight = new int[size];
        _isElement = new bool[size];
        _degree = new int[size];
        _first = new int[size + 1];
        _following = new int[size];
        _preceding = new int[size];
        _nextAlike = new int[size];
        _lastAlike = new int[size];
        _outside = new int[size];
        _seen = new int[size];
        _left = size;
        Array.Fill(_first, -1);
        Array.Fill(_nextAlike, -1);
        Array.Fill(_weight, 1);
        for (var i = size - 1; i >= 0; i--)
        {
            _neighbors[i] = columns[start[i]..start[i + 1]];
            _neighborCount[i] = _degree[i] = _neighbors[i].Length;
            _elements[i] = _members[i] = [];
            _lastAlike[i] = i;
            Insert(i);
        }
    }

    /// <summary>The order: row number Order[k] is eliminated as k-th.</summary>
    /// <param name="size">The number of rows.</param>
    /// <param name="start">Where each row's neighbors start.</param>
    /// <param name="columns">The neighbors: of a symmetric pattern, without the diagonal and without repetition.</param>
    public static int[] Order(int size, int[] start, int[] columns)
    {
        // Rows coupled to very many would cost much and order nothing: they go last.
        var dense = Math.Max(16, 10 * Math.Sqrt(size));
        var isDense = new bool[size];
        for (var i = 0; i < size; i++)
        {
            isDense[i] = start[i + 1] - start[i] > dense;
        }

        if (Array.IndexOf(isDense, true) < 0)
        {
            return new MinimumDegree(size, start, columns).Run();
        }

        var (index, kept) = (new int[size], new List<int>());
        for (var i = 0; i < size; i++)
        {
            index[i] = isDense[i] ? -1 : kept.Count;
            if (!isDense[i])
            {
                kept.Add(i);
            }
        }

        var (keptStart, keptColumns) = (new int[kept.Count + 1], new List<int>());
        for (var k = 0; k < kept.Count; k++)
        {
            for (var e = start[kept[k]]; e < start[kept[k] + 1]; e++)
            {
                if (index[columns[e]] >= 0)
                {
                    keptColumns.Add(index[columns[e]]);
                }
            }

            keptStart[k + 1] = keptColumns.Count;
        }

        var order = new MinimumDegree(kept.Count, keptStart, [.. keptColumns]).Run();
        return [.. order.Select(k => kept[k]), .. Enumerable.Range(0, size).Where(i => isDense[i])];
    }

    private int[] Run()
    {
        var order = new List<int>(_size);
        while (_left > 0)
        {
            while (_first[_least] < 0)
            {
                _least++;
            }

            var pivot = _first[_least];
            Remove(pivot);
            Eliminate(pivot);
            for (var i = pivot; i >= 0; i = _nextAlike[i])
            {
                order.Add(i);
            }
        }

        return [.. order];
    }

    private void Eliminate(int pivot)
    {
        var members = FormElement(pivot);
        var total = 0;
        foreach (var i in members)
        {
            total += _weight[i];
        }

        // |Lₑ \ Lₚ| of every element that shares a variable with the new one.
        _mark += _size + 1;
        if (_mark > int.MaxValue - (2 * _size) - 2)
        {
            Array.Clear(_outside);
            _mark = 1;
        }

        foreach (var i in members)
        {
            for (var k = 0; k < _elementCount[i]; k++)
            {
                var e = _elements[i][k];
                if (_isElement[e])
                {
                    if (_outside[e] < _mark)
                    {
                        _outside[e] = _mark + WeightOf(e);
                    }

                    _outside[e] -= _weight[i];
                }
            }
        }

        var byHash = new Dictionary<long, List<int>>();
        _seenMark++;
        _seen[pivot] = _seenMark;
        foreach (var i in members)
        {
            _seen[i] = _seenMark;
        }

        foreach (var i in members)
        {
            Remove(i);
            Update(pivot, i, total, byHash);
        }

        // Variables of equal neighborhoods are eliminated together from now on. In the order of the members: the same every time.
        foreach (var alike in byHash.Values)
        {
            for (var a = 0; a < alike.Count; a++)
            {
                for (var b = a + 1; b < alike.Count && _weight[alike[a]] > 0; b++)
                {
                    if (_weight[alike[b]] > 0 && AreAlike(alike[a], alike[b]))
                    {
                        Join(alike[b], alike[a]);
                    }
                }
            }
        }

        var left = 0;
        foreach (var i in members)
        {
            if (_weight[i] > 0)
            {
                members[left++] = i;
                // What an element holds is no more than all that is left.
                _degree[i] = Math.Max(0, Math.Min(_degree[i], _left - _weight[i]));
                Insert(i);
            }
        }

        (_members[pivot], _memberCount[pivot]) = (members, left);
        _isElement[pivot] = left > 0;
    }

    // Lₚ: the pivot's variables, and those of its elements, which the new one swallows.
    private int[] FormElement(int pivot)
    {
        var list = new List<int>();
        _seenMark++;
        _seen[pivot] = _seenMark;
        void Take(int[] variables, int count)
        {
            for (var k = 0; k < count; k++)
            {
                var i = variables[k];
                if (_weight[i] > 0 && _seen[i] != _seenMark)
                {
                    _seen[i] = _seenMark;
                    list.Add(i);
                }
            }
        }

        Take(_neighbors[pivot], _neighborCount[pivot]);
        for (var k = 0; k < _elementCount[pivot]; k++)
        {
            var e = _elements[pivot][k];
            if (_isElement[e])
            {
                Take(_members[e], _memberCount[e]);
                _isElement[e] = false;
                _members[e] = [];
            }
        }

        (_neighbors[pivot], _elements[pivot]) = ([], []);
        _left -= _weight[pivot];
        _weight[pivot] = 0;
        return [.. list];
    }

    // Prunes the lists of a member, bounds its degree, and files it by what it is coupled to.
    private void Update(int pivot, int i, int total, Dictionary<long, List<int>> byHash)
    {
        var (elements, count, outside, hash) = (_elements[i], 0, 0L, 0L);
        for (var k = 0; k < _elementCount[i]; k++)
        {
            var e = elements[k];
            if (!_isElement[e])
            {
                continue;
            }

            if (_outside[e] == _mark)
            {
                // Nothing of it is outside the new one: swallowed, too.
                _isElement[e] = false;
                _members[e] = [];
                continue;
            }

            outside += _outside[e] - _mark;
            hash += e;
            elements[count++] = e;
        }

        if (count == elements.Length)
        {
            Array.Resize(ref elements, count + 4);
            _elements[i] = elements;
        }

        elements[count++] = pivot;
        hash += pivot;
        var (neighbors, kept, direct) = (_neighbors[i], 0, 0L);
        for (var k = 0; k < _neighborCount[i]; k++)
        {
            var j = neighbors[k];
            if (_weight[j] > 0 && _seen[j] != _seenMark)
            {
                direct += _weight[j];
                hash += j;
                neighbors[kept++] = j;
            }
        }

        (_elementCount[i], _neighborCount[i]) = (count, kept);
        if (count == 1 && kept == 0)
        {
            // Coupled to the new element alone: it can go at once.
            _left -= _weight[i];
            Join(i, pivot);
            return;
        }

        var inside = total - _weight[i];
        _degree[i] = (int)Math.Min(Math.Min((long)_degree[i] + inside, direct + outside + inside), _left);
        if (!byHash.TryGetValue(hash, out var alike))
        {
            byHash[hash] = alike = [];
        }

        alike.Add(i);
    }

    private int WeightOf(int element)
    {
        var (members, left, weight) = (_members[element], 0, 0);
        for (var k = 0; k < _memberCount[element]; k++)
        {
            if (_weight[members[k]] > 0)
            {
                weight += _weight[members[k]];
                members[left++] = members[k];
            }
        }

        _memberCount[element] = left;
        return weight;
    }

    private bool AreAlike(int i, int j)
    {
        if (_elementCount[i] != _elementCount[j] || _neighborCount[i] != _neighborCount[j])
        {
            return false;
        }

        _seenMark++;
        for (var k = 0; k < _elementCount[i]; k++)
        {
            _seen[_elements[i][k]] = _seenMark;
        }

        for (var k = 0; k < _neighborCount[i]; k++)
        {
            _seen[_neighbors[i][k]] = _seenMark;
        }

        for (var k = 0; k < _elementCount[j]; k++)
        {
            if (_seen[_elements[j][k]] != _seenMark)
            {
                return false;
            }
        }

        for (var k = 0; k < _neighborCount[j]; k++)
        {
            if (_seen[_neighbors[j][k]] != _seenMark)
            {
                return false;
            }
        }

        return true;
    }

    private void Join(int what, int with)
    {
        _weight[with] += _weight[with] > 0 ? _weight[what] : 0;
        _degree[with] -= _weight[with] > 0 ? _weight[what] : 0;
        _weight[what] = 0;
        _nextAlike[_lastAlike[with]] = what;
        _lastAlike[with] = _lastAlike[what];
        (_neighbors[what], _elements[what]) = ([], []);
        (_neighborCount[what], _elementCount[what]) = (0, 0);
    }

    private void Insert(int i)
    {
        var d = _degree[i];
        (_following[i], _preceding[i]) = (_first[d], -1);
        if (_first[d] >= 0)
        {
            _preceding[_first[d]] = i;
        }

        _first[d] = i;
        _least = Math.Min(_least, d);
    }

    private void Remove(int i)
    {
        if (_preceding[i] >= 0)
        {
            _following[_preceding[i]] = _following[i];
        }
        else
        {
            _first[_degree[i]] = _following[i];
        }

        if (_following[i] >= 0)
        {
            _preceding[_following[i]] = _preceding[i];
        }
    }
}
