using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Egress.Cli.Output;

/// <summary>Rows under headings, in columns three blanks apart. A cell may have several lines, a heading as well; what is under it is
/// made printable.</summary>
internal sealed class Table(params string[] headings)
{
    private const string Gap = "   ";
    private readonly List<string[][]> _rows = [[.. headings.Select(heading => heading.Split('\n'))]];

    /// <summary>Adds a row of single lines.</summary>
    public void Add(params string[] cells) => Add([.. cells.Select(cell => (IReadOnlyList<string>)[cell])]);

    /// <summary>Adds a row.</summary>
    public void Add(params IReadOnlyList<string>[] cells)
    {
        if (cells.Length != headings.Length)
        {
            throw new ArgumentException($"a row has {headings.Length} cells, not {cells.Length}", nameof(cells));
        }

        _rows.Add([.. cells.Select(cell => (string[])[.. cell.Select(Terminal.Printable)])]);
    }

    /// <summary>Writes the headings and the rows.</summary>
    public void Write(TextWriter writer)
    {
        int[] widths = [.. Enumerable.Range(0, headings.Length).Select(column =>
            _rows.Max(row => row[column].Select(line => line.Length).DefaultIfEmpty().Max()))];
        foreach (string[][] row in _rows)
        {
            int height = Math.Max(1, row.Max(cell => cell.Length));
            for (int line = 0; line < height; line++)
            {
                writer.WriteLine(string.Join(Gap, row.Select((cell, column) =>
                    (line < cell.Length ? cell[line] : string.Empty).PadRight(widths[column]))).TrimEnd());
            }
        }
    }
}
