using System.Data.Common;
using Microsoft.AspNetCore.Diagnostics;

namespace Curaway.Payments.SampleHost.Http;

/// <summary>Gives every answer that would be empty, and every exception, its code.</summary>
internal sealed partial class ProblemAnswers(ILogger<ProblemAnswers> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var problem = exception switch
        {
            BadHttpRequestException bad => OfStatus(bad.StatusCode),
            DbException => new Problem(ErrorCodes.StoreUnavailable),
            _ => new Problem(ErrorCodes.Internal),
        };
        if (exception is not BadHttpRequestException)
            Log.Failed(logger, exception.GetType().Name, httpContext.GetEndpoint()?.DisplayName, exception);
        await problem.ExecuteAsync(httpContext);
        return true;
    }

    /// <summary>The middleware's answers without a body: 401, 403, 404, 405, 415.</summary>
    public static Task OnEmptyAnswerAsync(StatusCodeContext context) => OfStatus(context.HttpContext.Response.StatusCode).ExecuteAsync(context.HttpContext);

    private static Problem OfStatus(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => new Problem(ErrorCodes.Unauthenticated),
        StatusCodes.Status403Forbidden => new Problem(ErrorCodes.Forbidden),
        StatusCodes.Status404NotFound => Problem.NotFound,
        StatusCodes.Status429TooManyRequests => new Problem(ErrorCodes.RateLimited),
        >= 400 and < 500 => new Problem(ErrorCodes.MalformedRequest) { Status = status },
        _ => new Problem(ErrorCodes.Internal),
    };

    private static partial class Log
    {
        [LoggerMessage(EventId = 5001, Level = LogLevel.Error, Message = "{Exception} in {Endpoint}")]
        public static partial void Failed(ILogger logger, string exception, string? endpoint, Exception cause);
    }
}
