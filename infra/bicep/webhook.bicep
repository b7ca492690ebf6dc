metadata description = 'Subscribes the app\'s blob trigger to uploads. Deployed after the app: its key exists only once the app has started with its code.'

import { deliverySchema, retryPolicy, subscriptionName, uploadFilter } from 'modules/uploadFilter.bicep'

@description('Name of the function app.')
param functionAppName string

@description('Name of the system topic of the data account.')
param topicName string

@description('Account with the container of dead letters.')
param opsAccountName string

@description('Container of undeliverable events.')
param deadLetterContainer string = 'dead-letters'

@description('Function with the blob trigger.')
param functionName string = 'start_on_upload'

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: functionAppName
}

resource opsAccount 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: opsAccountName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: subscriptionName
  properties: {
    eventDeliverySchema: deliverySchema
    destination: {
      endpointType: 'WebHook'
      properties: {
        endpointUrl: 'https://${app.properties.defaultHostName}/runtime/webhooks/blobs?functionName=Host.Functions.${functionName}&code=${listKeys('${app.id}/host/default', app.apiVersion).systemKeys.blobs_extension}'
        maxEventsPerBatch: 1
        preferredBatchSizeInKilobytes: 64
      }
    }
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: opsAccount.id
          blobContainerName: deadLetterContainer
        }
      }
    }
    filter: uploadFilter
    retryPolicy: retryPolicy
  }
}

@description('Name of the event subscription.')
output subscriptionName string = subscription.name
