using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace Curaway.Payments.Mutation;

/// <summary>One change of one place.</summary>
/// <param name="Tree">The file's tree as it is.</param>
/// <param name="Changed">The file's tree with the change.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Text">What became of what.</param>
internal sealed record Mutant(SyntaxTree Tree, SyntaxTree Changed, int Line, string Text);

/// <summary>The changes a tired colleague might make. Those that do not compile are dropped later.</summary>
internal static class Mutations
{
    private static readonly Dictionary<SyntaxKind, SyntaxKind> Operators = new()
    {
        [SyntaxKind.EqualsExpression] = SyntaxKind.NotEqualsExpression,
        [SyntaxKind.NotEqualsExpression] = SyntaxKind.EqualsExpression,
        [SyntaxKind.LessThanExpression] = SyntaxKind.LessThanOrEqualExpression,
        [SyntaxKind.LessThanOrEqualExpression] = SyntaxKind.LessThanExpression,
        [SyntaxKind.GreaterThanExpression] = SyntaxKind.GreaterThanOrEqualExpression,
        [SyntaxKind.GreaterThanOrEqualExpression] = SyntaxKind.GreaterThanExpression,
        [SyntaxKind.LogicalAndExpression] = SyntaxKind.LogicalOrExpression,
        [SyntaxKind.LogicalOrExpression] = SyntaxKind.LogicalAndExpression,
        [SyntaxKind.AddExpression] = SyntaxKind.SubtractExpression,
        [SyntaxKind.SubtractExpression] = SyntaxKind.AddExpression,
        [SyntaxKind.MultiplyExpression] = SyntaxKind.DivideExpression,
        [SyntaxKind.DivideExpression] = SyntaxKind.MultiplyExpression,
        [SyntaxKind.ModuloExpression] = SyntaxKind.MultiplyExpression,
    };

    private static readonly Dictionary<string, string> Calls = new()
    {
        ["Any"] = "All",
        ["All"] = "Any",
        ["First"] = "Last",
        ["FirstOrDefault"] = "LastOrDefault",
        ["OrderBy"] = "OrderByDescending",
        ["MaxBy"] = "MinBy",
        ["Max"] = "Min",
        ["Min"] = "Max",
    };

    /// <summary>Every change of every place of the file, in the order of its lines.</summary>
    public static IEnumerable<Mutant> Of(SyntaxTree tree)
    {
        var root = tree.GetRoot();
        foreach (var node in root.DescendantNodes(node => node is not AttributeListSyntax))
        {
            foreach (var replacement in Replacements(node))
            {
                var changed = replacement is null
                    ? root.RemoveNode(node, SyntaxRemoveOptions.KeepNoTrivia)!
                    : root.ReplaceNode(node, replacement.WithTriviaFrom(node));
                var line = node.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
                var text = $"{Short(node)}  →  {(replacement is null ? "(removed)" : Short(replacement))}";
                yield return new Mutant(tree, CSharpSyntaxTree.Create((CSharpSyntaxNode)changed, (CSharpParseOptions)tree.Options, tree.FilePath, tree.Encoding), line, text);
            }
        }
    }

    private static IEnumerable<SyntaxNode?> Replacements(SyntaxNode node) => node switch
    {
        BinaryExpressionSyntax binary when binary.IsKind(SyntaxKind.CoalesceExpression) =>
            [binary.Right, PostfixUnaryExpression(SyntaxKind.SuppressNullableWarningExpression, Parenthesized(binary.Left))],
        BinaryExpressionSyntax binary when Operators.TryGetValue(binary.Kind(), out var other) =>
            [ParseExpression($"{binary.Left} {Facts(other)} {binary.Right}")],
        PrefixUnaryExpressionSyntax prefix when prefix.IsKind(SyntaxKind.LogicalNotExpression) => [prefix.Operand],
        LiteralExpressionSyntax literal => OfLiteral(literal),
        BinaryPatternSyntax pattern => [pattern.Left, pattern.Right],
        UnaryPatternSyntax pattern => [pattern.Pattern],
        IsPatternExpressionSyntax test => [Negated(test)],
        ConditionalExpressionSyntax choice => [choice.WithWhenTrue(choice.WhenFalse).WithWhenFalse(choice.WhenTrue)],
        IfStatementSyntax test => [test.WithCondition(Negated(test.Condition))],
        SwitchExpressionArmSyntax { Pattern: not DiscardPatternSyntax } => [null],
        ExpressionStatementSyntax => [EmptyStatement()],
        AssignmentExpressionSyntax { Parent: InitializerExpressionSyntax } => [null],
        IdentifierNameSyntax name when name.Parent is MemberAccessExpressionSyntax access && access.Name == name
            && Calls.TryGetValue(name.Identifier.Text, out var other) => [IdentifierName(other)],
        _ => [],
    };

    private static IEnumerable<SyntaxNode?> OfLiteral(LiteralExpressionSyntax literal) => literal.Kind() switch
    {
        SyntaxKind.TrueLiteralExpression => [LiteralExpression(SyntaxKind.FalseLiteralExpression)],
        SyntaxKind.FalseLiteralExpression => [LiteralExpression(SyntaxKind.TrueLiteralExpression)],
        SyntaxKind.NumericLiteralExpression when literal.Token.Value is int number => [ParseExpression($"{number + 1}")],
        SyntaxKind.NumericLiteralExpression when literal.Token.Value is long number => [ParseExpression($"{number + 1}L")],
        SyntaxKind.StringLiteralExpression => [ParseExpression("\"mutated\"")],
        SyntaxKind.CharacterLiteralExpression => [ParseExpression("'~'")],
        _ => [],
    };

    private static string Facts(SyntaxKind binary) => binary switch
    {
        SyntaxKind.EqualsExpression => "==",
        SyntaxKind.NotEqualsExpression => "!=",
        SyntaxKind.LessThanExpression => "<",
        SyntaxKind.LessThanOrEqualExpression => "<=",
        SyntaxKind.GreaterThanExpression => ">",
        SyntaxKind.GreaterThanOrEqualExpression => ">=",
        SyntaxKind.LogicalAndExpression => "&&",
        SyntaxKind.LogicalOrExpression => "||",
        SyntaxKind.AddExpression => "+",
        SyntaxKind.SubtractExpression => "-",
        SyntaxKind.DivideExpression => "/",
        _ => "*",
    };

    private static PrefixUnaryExpressionSyntax Negated(ExpressionSyntax expression) =>
        PrefixUnaryExpression(SyntaxKind.LogicalNotExpression, Parenthesized(expression));

    private static ParenthesizedExpressionSyntax Parenthesized(ExpressionSyntax expression) => ParenthesizedExpression(expression.WithoutTrivia());

    private static string Short(SyntaxNode node)
    {
        var text = string.Join(' ', node.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return text.Length <= 90 ? text : text[..90] + "…";
    }
}
